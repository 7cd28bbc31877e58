import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, screenWords, whyText } from './direct.ts'
import { serveDebian, storyText } from './served.ts'

/*
 * Roots that cannot be mounted or started: the machine says why, and what to do.
 */

let served: ServedLab

before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())

for (const [name, words, memoryMiB] of [
  ['refused1', 'root=nfs:10.77.0.1:/release/nope:port=2049,mountport=2049,mountproto=tcp', 512],
  ['refused2', 'root=nfs://10.77.0.1:2049/release/nope', 512],
  ['norpcbind', 'root=nfs:10.77.0.1:/release/nope', 512],
  ['noinit', 'init=/nope', 512],
  ['mem160', '', 160],
  ['mem128', '', 128],
  ['mem96', '', 96],
  ['panic', 'init=/nope panic=5', 512],
] as const)
  test(name, async () => {
    const from = served.events.length
    await using pc = await bootDirectly(served, { name, words, memoryMiB, exitOnReset: true })
    await Promise.race([
      pc.exited,
      served
        .waitForEvent(({ event }) => event.type === 'report.failed', { from, timeoutMs: 45000 })
        .catch(() => undefined),
    ])
    if (name === 'noinit') {
      pc.console.send('s')
      await new Promise((r) => setTimeout(r, 4000))
      pc.console.send('echo "$((6*7))"; ls /run/netroot')
      await new Promise((r) => setTimeout(r, 2000))
      pc.console.send('exit')
      await new Promise((r) => setTimeout(r, 3000))
    }
    if (name === 'panic') console.log(await pc.exited)
    console.log(pc.console.text)
    console.log(await storyText(served, pc.macs[0]))
    console.log(await whyText(served, pc.macs[0] ?? ''))
  })
