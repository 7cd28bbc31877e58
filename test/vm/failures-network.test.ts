import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, screenWords, whyText } from './direct.ts'
import { serveDebian, storyText } from './served.ts'

/*
 * Networks and servers that fail while a machine boots: it says what is wrong, and goes on when it is mended.
 */

let served: ServedLab

before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())

test('no carrier', async () => {
  const from = served.events.length
  await using pc = await bootDirectly(served, { name: 'unplugged', words: 'netroot.carrier=2' })
  await pc.setLink(0, false)
  await pc.console.waitFor('cannot boot: no-carrier', { timeoutMs: 60_000 })
  await pc.console.waitFor('the machine tries again in 4 s')
  await pc.setLink(0, true)
  await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(pc.console.text)
  console.log(await storyText(served, pc.macs[0]))
})
test('no lease', async () => {
  const from = served.events.length
  await using pc = await bootDirectly(served, { name: 'unanswered' })
  await served.kill()
  await pc.console.waitFor('cannot boot: no-lease', { timeoutMs: 60_000 })
  await pc.console.waitFor('the machine tries again in 4 s')
  await served.start()
  await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(pc.console.text)
  console.log(await storyText(served, pc.macs[0]))
})
test('server gone', async () => {
  const from = served.events.length
  await using pc = await bootDirectly(served, { name: 'deserted', words: 'rd.break=network' })
  await pc.console.waitFor("stopped at 'network'", { timeoutMs: 60_000 })
  await served.kill()
  pc.console.send('exit')
  await pc.console.waitFor('cannot boot: server-gone', { timeoutMs: 60_000 })
  await pc.console.waitFor('the machine tries again in 4 s')
  await served.start()
  await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(pc.console.text)
  console.log(await storyText(served, pc.macs[0]))
})
test('server gone under iPXE', async () => {
  const from = served.events.length
  await using pc = await served.lab.powerOn({ name: 'ipxe', memoryMiB: 512 })
  await served.waitForEvent(({ event }) => event.type === 'http.file' && event.path === '/ipxe', { from })
  await served.kill()
  await pc.console.waitFor('trying again in 5 s', { timeoutMs: 60_000 })
  console.log(pc.console.text)
  await served.start()
  await served.waitForEvent(({ event }) => event.type === 'report.init', { from })
  console.log(pc.console.text)
  console.log(await storyText(served, pc.macs[0]))
})
