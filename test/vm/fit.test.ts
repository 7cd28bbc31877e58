import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { EventOf } from '../../src/fleet/events.ts'
import type { CardModel } from '../../src/lab/qemu-arguments.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { bootDirectly, type DirectOptions, showText, whyAfter } from './direct.ts'
import { serveDebian, showWhatFailed } from './served.ts'

/*
 * Drivers fitted to the card that the loader tells: small, and never what keeps a machine from booting. The loader is
 * played, so that it can tell what is not so.
 */

const TIMEOUT = { timeout: 200_000 } as const
const E1000 = '01:80:86:10:0e'
const VIRTIO = '01:1a:f4:10:00'

let served: ServedLab

before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

interface Outcome {
  readonly drivers: EventOf<'boot.drivers'>
  readonly cards: EventOf<'report.cards'>
  readonly story: string
}

/** Boots as far as the root, and switches off. */
async function boot(options: DirectOptions): Promise<Outcome> {
  const from = served.events.length
  await using pc = await bootDirectly(served, options)
  const told = await served.waitForEvent(({ event }) => event.type === 'report.root', { from, timeoutMs: 120_000 })
  const events = served.events.filter((one) => one.boot === told.boot).map(({ event }) => event)
  const drivers = events.find((event) => event.type === 'boot.drivers') ?? assert.fail()
  const cards = events.find((event) => event.type === 'report.cards') ?? assert.fail()
  return { drivers, cards, story: await showText(served, pc) }
}

/** Boots a machine whose cards these drivers are not for, and waits until it says so on its screen. */
async function bootInVain(options: DirectOptions): Promise<void> {
  await using pc = await bootDirectly(served, options)
  await pc.console.waitFor(/this machine cannot boot: no-driver/, { timeoutMs: 120_000 })
  assert.match(whyAfter(served, pc, 61).next[0] ?? '', /its drivers were for 1af4:1000 only: restart it/)
}

function plugged(...models: CardModel[]) {
  return { cards: models.map((model) => ({ model })) }
}

let genericBytes = 0

test('a machine whose loader tells no card gets the generic drivers', TIMEOUT, async () => {
  const { drivers, story } = await boot({ name: 'untold', ...plugged('e1000') })
  assert.equal(drivers.scope, 'generic')
  genericBytes = drivers.bytes
  assert.match(story, /drivers: generic, \d{3,} modules \(the loader did not tell its card\)/)
})

test('a machine boots with drivers for its card alone, a fraction of the generic ones', TIMEOUT, async () => {
  const { drivers, cards: found, story } = await boot({ name: 'fitted', busId: E1000, ...plugged('e1000') })
  assert.equal(drivers.scope, 'fitted')
  assert.equal(found.cards[0]?.driver, 'e1000')
  assert.ok(drivers.bytes < genericBytes * 0.25, `${drivers.bytes} bytes fitted, ${genericBytes} generic`)
  assert.match(story, /drivers: fitted to 8086:100e, \d+ modules \(the card it boots from\)/)
})

test('a machine that has another card now boots, whatever is remembered of it', TIMEOUT, async () => {
  const { drivers, cards: found } = await boot({ name: 'fitted', busId: VIRTIO, ...plugged('virtio-net-pci') })
  assert.equal(drivers.scope, 'fitted')
  assert.equal(found.cards[0]?.driver, 'virtio_net')
})

test('a second card gets its driver once the machine has told of it', TIMEOUT, async () => {
  const two = { name: 'twocards', busId: E1000, ...plugged('e1000', 'virtio-net-pci') }
  const first = await boot(two)
  assert.deepEqual([first.cards.cards.map(({ driver }) => driver), first.cards.missing.length], [['e1000'], 1])
  const second = await boot(two)
  assert.deepEqual(second.cards.cards.map(({ driver }) => driver).toSorted(), ['e1000', 'virtio_net'])
  assert.match(second.story, /drivers: fitted to 8086:100e, virtio:d00000001/)
})

test(
  'after a boot with fitted drivers that nobody heard of, a machine gets the generic ones and boots',
  TIMEOUT,
  async () => {
    const liar = { name: 'liar', busId: VIRTIO, ...plugged('e1000') }
    await bootInVain(liar)
    const { drivers, cards: found, story } = await boot(liar)
    assert.equal(drivers.scope, 'generic')
    assert.equal(found.cards[0]?.driver, 'e1000')
    assert.match(
      story,
      /drivers: generic, \d+ modules \(the boot before had fitted drivers, and was not heard of after\)/,
    )
  },
)
