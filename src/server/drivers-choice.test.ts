import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DriversReport, DriversRequest } from '../initramfs/drivers.ts'
import type { Part } from '../initramfs/part.ts'
import { DeviceWithoutDriverError } from '../initramfs/scope.ts'
import { silent } from '../sys/log.ts'
import type { BootStory } from './boot-story.ts'
import { DriversChoice } from './drivers-choice.ts'
import type { Parts } from './parts.ts'
import type { ChosenRelease } from './releases.ts'
import { eventsOf, memoryStory, PC7 } from './testing.ts'

const CHOSEN = { digest: 'ab', kernel: { version: '6.12' } } as ChosenRelease
const AUTO = { drivers: 'auto', modules: [] } as const
const MACHINE = { mac: PC7, busId: '01:80:86:10:0e' }
const SECOND = 'virtio:d00000001v00001AF4'

function part(digest: string): Part<DriversReport> {
  return {
    path: `/cache/${digest}`,
    digest,
    size: 1,
    unpackedSize: 1,
    report: { modules: ['m'] },
  } as unknown as Part<DriversReport>
}

type Make = (request: DriversRequest) => Promise<Part<DriversReport>>

/** Parts are named by their devices. */
const fitting: Make = async ({ scope }) => part(scope?.kind === 'fit' ? scope.devices.join('+') : 'all')

function choice(story: BootStory, { make = fitting, remembered = [] as readonly string[] } = {}): DriversChoice {
  const parts = {
    ensure: async () => ({ drivers: part('generic') }),
    drivers: (_: unknown, wish: DriversRequest) => make(wish),
  }
  const hardware = { devicesOf: () => remembered }
  return new DriversChoice({ parts: parts as unknown as Parts, hardware, story, log: silent, patienceMs: 50 })
}

/** Chooses for a new boot of the machine: the part, and the reason for it. */
async function chosen(t: TestContext, given: Parameters<typeof choice>[1] = {}, machine = MACHINE): Promise<string> {
  const { story } = memoryStory(t)
  const { part: found, why } = await choice(story, given).choose(story.bootOf(machine, 1), CHOSEN, AUTO)
  return `${found.digest}: ${why}`
}

test('DriversChoice fits the drivers to the card that the loader told, and to what the machine reported before', async (t) => {
  assert.equal(await chosen(t), '8086:100e: the card it boots from')
  assert.match(await chosen(t, { remembered: [SECOND] }), /^8086:100e\+virtio:\S+: .* what it reported before$/)
  const same = ['pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00']
  assert.equal(await chosen(t, { remembered: same }), '8086:100e: the card it boots from') // no second part for it
})

test('DriversChoice is generic where it knows nothing, nothing drives the card, or the part cannot be made', async (t) => {
  assert.match(await chosen(t, {}, { mac: PC7, busId: '' }), /^generic: the loader did not tell its card/)
  const lost: Make = async () => Promise.reject(new DeviceWithoutDriverError('8086:100e', '6.12'))
  assert.equal(await chosen(t, { make: lost }), 'generic: nothing of Linux 6.12 drives 8086:100e by name')
  const broken: Make = async () => Promise.reject(new Error('disk'))
  assert.equal(await chosen(t, { make: broken }), 'generic: a fitted part could not be made')
})

test('DriversChoice does not let a machine wait for a part that is long in the making', async (t) => {
  const slow: Make = async () => sleep(5000, part('late'), { ref: false })
  const began = performance.now()
  assert.equal(await chosen(t, { make: slow }), 'generic: the fitted part was not made in time')
  assert.ok(performance.now() - began < 2000)
})

test('DriversChoice keeps to what a profile says', async (t) => {
  const { story } = memoryStory(t)
  const boot = story.bootOf(MACHINE, 1)
  const all = await choice(story).choose(boot, CHOSEN, { drivers: 'all', modules: [] })
  const generic = await choice(story).choose(boot, CHOSEN, { drivers: 'generic', modules: [] })
  assert.deepEqual([all.part.digest, all.scope, generic.part.digest], ['all', 'all', 'generic'])
})

test('DriversChoice tells a boot once, however often the machine asks', async (t) => {
  const { story, boots } = memoryStory(t)
  const boot = story.bootOf(MACHINE, 1)
  for (let at = 0; at < 3; at += 1) await choice(story).choose(boot, CHOSEN, AUTO)
  const told = eventsOf(boots, boot.id).filter(({ type }) => type === 'boot.drivers')
  assert.equal(told.length, 1)
})

test('DriversChoice sends no fitted drivers again that failed twice, until they are forgotten', async (t) => {
  const { story, boots } = memoryStory(t)
  const scopes: string[] = []
  for (let at = 1; at <= 6; at += 1) {
    const { id } = boots.begin(MACHINE, at)
    const boot = story.get(id) ?? assert.fail()
    const { scope } = await choice(story).choose(boot, CHOSEN, AUTO)
    scopes.push(scope)
    const file = { type: 'http.file', at, role: 'drivers', path: '/', status: 200, outcome: 'sent', bytes: 1 } as const
    story.record(id, { ...file, durationMs: 1 })
    if (scope === 'generic') story.record(id, { type: 'report.init', at })
  }
  assert.deepEqual(scopes, ['fitted', 'generic', 'fitted', 'generic', 'generic', 'generic'])
})
