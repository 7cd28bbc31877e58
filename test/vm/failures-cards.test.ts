import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FEATURES } from '../../src/initramfs/contents.ts'
import { ensureDrivers } from '../../src/initramfs/parts.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, plugIn, screenWords, whyText, type LoadedFiles } from './direct.ts'
import { serveDebian, storyText } from './served.ts'

/*
 * Machines whose network cards are not as they should be: each says so in words, and boots once it is mended.
 */

let served: ServedLab

before(async () => {
  served = await serveDebian()
  for (const [name, address] of [
    ['empty1', '10.78.0.1/24'],
    ['empty2', '10.79.0.1/24'],
  ] as const)
    await served.lab.addNetwork(name, address)
})
after(() => served?.[Symbol.asyncDispose]())

test('a machine without a network card says so, and boots when it gets one', async () => {
  await using pc = await bootDirectly(served, { name: 'cardless', cards: [] })
  const waits = await pc.console.waitFor('netroot: no network card yet', { timeoutMs: 60_000 })
  await pc.console.waitFor('cannot boot: no-card', { from: waits.end })
  await pc.console.waitFor('the machine tries again in 1 s.')
  assert.match(
    screenWords(pc),
    /What failed No network card was found\. Found \d+ devices on the buses, none of them a/,
  )
  await plugIn(served, pc, 'virtio-net-pci')
  const { event } = await served.waitForEvent(({ event }) => event.type === 'report.root')
  console.log(event)
  console.log(pc.console.text)
  console.log(await storyText(served))
  console.log(await whyText(served, served.events.at(-1)?.mac ?? ''))
})

/** The files, with drivers for virtio cards only. */
async function withoutE1000({ directory, tools, client }: LoadedFiles): Promise<string[]> {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  const [version = ''] = release.info.kernels.map((kernel) => kernel.version)
  const features = FEATURES.map((feature) =>
    feature.name === 'network cards' ? { ...feature, include: ['kernel/drivers/net/virtio_net'] } : feature,
  )
  const drivers = await ensureDrivers(join(directory, 'cache'), release.tree, digest, version, { features })
  return [tools, drivers.path, client]
}

test('a card without a driver is named by its PCI id, and another card is used when there is one', async () => {
  const from = served.events.length
  await using pc = await bootDirectly(served, { name: 'driverless', cards: [{ model: 'e1000' }], parts: withoutE1000 })
  await pc.console.waitFor('the machine tries again in 1 s.')
  console.log(screenWords(pc))
  await plugIn(served, pc, 'virtio-net-pci')
  const { event } = await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(event)
  console.log(await storyText(served, served.events.at(-1)?.mac))
  console.log(await whyText(served, served.events.at(-1)?.mac ?? ''))
})

test('the card that BOOTIF names is used, whatever its place [FB6, FB7, FB32]', async () => {
  const from = served.events.length
  const cards = [{ network: 'empty1' }, { network: 'lan' }]
  await using pc = await bootDirectly(served, { name: 'second', cards, bootCard: 1 })
  const { event } = await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(event)
  console.log(pc.console.text)
})
test('of three cards that nobody named, that which gets a lease is used [FB6]', async () => {
  const from = served.events.length
  const cards = [{ network: 'empty1' }, { network: 'lan' }, { network: 'empty2' }]
  await using pc = await bootDirectly(served, { name: 'three', cards, bootCard: 1, words: 'BOOTIF=' })
  const { event } = await served.waitForEvent(({ event }) => event.type === 'report.root', { from })
  console.log(event)
  console.log(pc.console.text)
})
