import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { ensureDrivers } from '../../src/initramfs/parts.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, type LoadedFiles, plugIn, showText, tells, troubleBox, whyAfter } from './direct.ts'
import { serveDebian } from './served.ts'

/*
 * Machines whose network cards are not as they should be: each says so in words, and boots once it is mended. Before
 * there is a network nothing can be told to the server: the screen has to, and `netroot why` sends people there.
 */

const TIMEOUT = { timeout: 150_000 } as const

let served: ServedLab

before(async () => {
  served = await serveDebian()
  await served.lab.addNetwork('empty1', '10.78.0.1/24')
  await served.lab.addNetwork('empty2', '10.79.0.1/24')
})
after(() => served?.[Symbol.asyncDispose]())

test('a machine without a network card says so, and boots when it gets one [HT52]', TIMEOUT, async () => {
  await using pc = await bootDirectly(served, { name: 'cardless', cards: [] })
  await pc.console.waitFor('netroot: no network card yet, waiting for one', { timeoutMs: 60_000 })
  const box = await troubleBox(pc, 'no-card')
  assert.match(
    box,
    /What failed No network card was found\. Found \d+ devices on the buses, none of them a network card/,
  )
  assert.match(box, /To do See in the firmware setup that the card is switched on; reseat it\./)
  const why = whyAfter(served, pc, 61)
  assert.match(why.cause, /kernel and initramfs were sent whole, and Linux never reported: .* has no network/)
  assert.match(why.next[0] ?? '', /box of netroot on the screen/)
  await plugIn(served, pc, 'virtio-net-pci')
  await tells(served, pc, 'report.root')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-card')
  assert.match(await showText(served, pc), /failed: No network card was found\.[^]* cards: eth0 \(virtio_net\)/)
})

/** The initramfs with drivers for virtio cards only. */
async function virtioOnly({ directory, tools, client }: LoadedFiles): Promise<string[]> {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  const version = release.info.kernels[0]?.version ?? ''
  const scope = { kind: 'fit', devices: ['1af4:1000'] } as const
  const drivers = await ensureDrivers(join(directory, 'cache'), release.tree, digest, version, { scope })
  return [tools, drivers.path, client]
}

test(
  'a card without a driver is named by its PCI id, and passed over for one that has a driver [HT51]',
  TIMEOUT,
  async () => {
    await using pc = await bootDirectly(served, { name: 'driverless', cards: [{ model: 'e1000' }], parts: virtioOnly })
    const box = await troubleBox(pc, 'no-driver')
    assert.match(
      box,
      /What failed There is a network card, but no driver for it\. Found 0000:00:\w\w\.0 8086:100e \(pci:v00008086/,
    )
    assert.match(box, /To do Add the driver of this card to the drivers part/)
    await plugIn(served, pc, 'virtio-net-pci')
    await tells(served, pc, 'report.root')
    assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-driver')
    const { cards, missing } = await tells(served, pc, 'report.cards')
    assert.deepEqual([cards[0]?.driver, missing.length], ['virtio_net', 1])
    const story = await showText(served, pc)
    assert.match(story, /failed: There is a network card, but no driver for it\. 0000:00:\w\w\.0 8086:100e/)
    assert.match(story, /cards: eth0 \(virtio_net\); no driver for 0000:00:\w\w\.0/)
  },
)

test('a card whose firmware the image lacks is named with the file, and boots by another card', TIMEOUT, async () => {
  const cards = [{ model: 'i82551' }] as const // its driver wants microcode, which Debian has in non-free packages
  await using pc = await bootDirectly(served, { name: 'softless', cards, words: 'netroot.carrier=2' })
  const box = await troubleBox(pc, 'no-firmware')
  assert.match(
    box,
    /What failed A network card's driver did not get its firmware\. Found e100 \(0000:00:\w\w\.0\) asks for e100\/d102e_ucode\.bin\./,
  )
  assert.match(box, /To do Install the package with \/lib\/firmware\/e100\/d102e_ucode\.bin in the image/)
  await plugIn(served, pc, 'virtio-net-pci')
  await tells(served, pc, 'report.root')
  assert.equal((await tells(served, pc, 'report.failed')).cause, 'no-firmware')
})

test(
  'of two cards the one that BOOTIF names is used, and DHCP is run on no other [FB6, FB7, FB32]',
  TIMEOUT,
  async () => {
    const cards = [{ network: 'empty1' }, { network: 'lan' }]
    await using pc = await bootDirectly(served, { name: 'second', cards, bootCard: 1 })
    assert.equal((await tells(served, pc, 'report.lease')).interface, 'eth1')
    await tells(served, pc, 'report.root')
    assert.match(pc.console.text, /asking for an address on eth1 \(/)
    assert.doesNotMatch(pc.console.text, /asking for an address on eth0/)
  },
)

test('of three cards that nobody named the first to get a lease is used', TIMEOUT, async () => {
  const cards = [{ network: 'empty1' }, { network: 'lan' }, { network: 'empty2' }]
  await using pc = await bootDirectly(served, { name: 'three', cards, bootCard: 1, words: 'BOOTIF=' })
  assert.equal((await tells(served, pc, 'report.lease')).interface, 'eth1')
  await tells(served, pc, 'report.root')
  for (const card of ['eth0', 'eth1', 'eth2']) assert.match(pc.console.text, new RegExp(`an address on ${card} `))
})
