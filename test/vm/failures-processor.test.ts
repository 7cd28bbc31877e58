import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NETROOT } from '../support/netroot.ts'
import { run } from '../../src/sys/run.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { eventOf, serveDebian, showWhatFailed } from './served.ts'

let served: ServedLab | undefined
showWhatFailed(() => served)

test('a machine whose processor has no 64-bit mode is told so before it gets a kernel for amd64 [FB40]', async () => {
  served = await serveDebian()
  await using lab = served
  const pc = await lab.lab.powerOn({ name: 'old', firmware: 'bios', architecture: 'i386', memoryMiB: 256 })
  await pc.console.waitFor(/image debian does not fit: its processor has no 64-bit/, {
    timeoutMs: 90_000,
  })
  assert.match((await eventOf(lab, 'boot.refused')).why, /no 64-bit mode.* an image for i386/)
  const why = await run(NETROOT, ['why', pc.macs[0] ?? '', '--state', lab.stateDirectory])
  assert.match(why.toString(), /^failed: it asked what to boot, and got nothing: .*no 64-bit mode/m)
  assert.ok(!lab.events.some(({ event }) => event.type === 'http.file' && event.role === 'kernel'))
})
