import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { clientOf } from '../config/effective.ts'
import { parseConfig } from '../config/load.ts'
import { startOf } from '../config/start.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { silent } from '../sys/log.ts'
import { Admission } from './admission.ts'
import type { BootServices } from './boot-services.ts'
import { BootStory } from './boot-story.ts'
import { type NextStep, nextStep } from './next-step.ts'
import { eventsOf, memoryStory, PC7 } from './testing.ts'

const CONFIG = `interface: eth1
range: 10.0.0.100-10.0.0.199
default: pick
unknown: local
profiles:
  debian: { image: debian }
  rescue: { image: rescue }
  pick: { menu: { timeout: 30s, entries: [debian, rescue, local] } }
clients: { pc7: { mac: ${PC7} } }
`

interface Tried {
  readonly services: BootServices
  readonly boot: Boot
  /** The profiles that were prepared. */
  readonly prepared: (string | undefined)[]
  readonly events: () => unknown[]
}

function tried(t: TestContext, mac = PC7, text = CONFIG): Tried {
  const { config } = parseConfig(text, 'netroot.yaml')
  const { story, boots } = memoryStory(t)
  const prepared: (string | undefined)[] = []
  const prepare = async (_: unknown, { chosen }: { chosen?: string }): Promise<unknown> => {
    prepared.push(chosen)
    return { title: 'x' }
  }
  const start = ({ mac: of }: { mac: string }): unknown => startOf(config, clientOf(config, of))
  const admission = new Admission({ atOnce: 1 })
  const services = { plans: { prepare, start }, story, admission, log: silent } as unknown as BootServices
  const boot = story.bootOf({ mac }, 1)
  return { services, boot, prepared, events: () => eventsOf(boots, boot.id).map(({ at: _at, ...rest }) => rest) }
}

function kindOf({ kind }: NextStep): string {
  return kind
}

test('nextStep() shows the menu, then boots what was chosen and notes it once', async (t) => {
  const { services, boot, prepared, events } = tried(t)
  const step = await nextStep(services, boot, undefined)
  assert.deepEqual(step, {
    kind: 'menu',
    menu: {
      title: 'pc7',
      timeoutSeconds: 30,
      entries: [
        { name: 'debian', label: 'debian' },
        { name: 'rescue', label: 'rescue' },
        { name: 'local', label: 'the disk of this machine' },
      ],
    },
  })
  for (let times = 0; times < 2; times += 1) {
    assert.equal(kindOf(await nextStep(services, boot, 'rescue')), 'boot')
  }
  assert.deepEqual(prepared, ['rescue', 'rescue'])
  assert.equal(services.story.chosen(boot.id), 'rescue')
  assert.deepEqual(events(), [
    { type: 'boot.menu', entries: ['debian', 'rescue', 'local'], timeoutSeconds: 30 },
    { type: 'boot.chosen', profile: 'rescue' },
  ])
})

test('nextStep() shows the menu again where somebody answers with what is not on it', async (t) => {
  const { services, boot, prepared } = tried(t)
  for (const choice of ['pick', 'nothing', '']) assert.equal(kindOf(await nextStep(services, boot, choice)), 'menu')
  assert.deepEqual(prepared, [])
})

test('nextStep() sends a machine on to its own disk, chosen or configured, and its boot ends there', async (t) => {
  const chosen = tried(t)
  assert.deepEqual(await nextStep(chosen.services, chosen.boot, 'local'), {
    kind: 'local',
    words: 'pc7 starts from its own disk (chosen in the menu)',
  })
  assert.deepEqual(chosen.events(), [{ type: 'boot.local', why: 'chosen in the menu' }])
  const unknown = tried(t, '52:54:00:ab:cd:01')
  assert.equal(kindOf(await nextStep(unknown.services, unknown.boot, undefined)), 'local')
  assert.equal(unknown.services.story.get(unknown.boot.id)?.phase, 'ended')
})

test('BootStory knows what was chosen where its database cannot be written', (t) => {
  const { boots, database } = memoryStory(t)
  const story = new BootStory(boots, () => '', silent)
  database.exec('PRAGMA query_only = 1')
  const boot = story.bootOf({ mac: PC7 }, 1)
  story.choose(boot.id, 'rescue', 2)
  assert.equal(story.chosen(boot.id), 'rescue')
})

test('nextStep() does not ask again for what was taken in the menu of the firmware, and asks where nothing was', async (t) => {
  const text = CONFIG.replace('local] }', 'local], shownBy: firmware }')
  const { services, boot, prepared } = tried(t, PC7, text)
  assert.equal(kindOf(await nextStep(services, boot, undefined)), 'menu')
  services.story.choose(boot.id, 'rescue', 5)
  assert.equal(kindOf(await nextStep(services, boot, undefined)), 'boot')
  assert.deepEqual(prepared, ['rescue'])
})
