import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { EventOf } from '../../src/fleet/events.ts'
import type { CardModel } from '../../src/lab/qemu-arguments.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { bootDirectly, type DirectOptions } from '../vm/direct.ts'
import { serveDebian, showWhatFailed } from '../vm/served.ts'

/* Every card that QEMU has and Debian drives: with the generic drivers, then with those fitted to it. */

interface Row {
  readonly model: CardModel
  /** As iPXE tells it, DHCP option 175.177. */
  readonly busId: string
  readonly driver: string
}

const ROWS: readonly Row[] = [
  { model: 'virtio-net-pci', busId: '01:1a:f4:10:00', driver: 'virtio_net' },
  { model: 'e1000', busId: '01:80:86:10:0e', driver: 'e1000' },
  { model: 'e1000e', busId: '01:80:86:10:d3', driver: 'e1000e' },
  { model: 'rtl8139', busId: '01:10:ec:81:39', driver: '8139cp' },
  { model: 'vmxnet3', busId: '01:15:ad:07:b0', driver: 'vmxnet3' },
  { model: 'pcnet', busId: '01:10:22:20:00', driver: 'pcnet32' },
]

let served: ServedLab
before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

interface Outcome {
  readonly drivers: EventOf<'boot.drivers'>
  readonly card: string
}

/** Boots until the real system starts. */
async function boot(options: DirectOptions): Promise<Outcome> {
  const from = served.events.length
  await using pc = await bootDirectly(served, options)
  const told = await served.waitForEvent(({ event }) => event.type === 'report.switch', { from, timeoutMs: 120_000 })
  assert.equal(pc.name, options.name)
  const events = served.events.filter((one) => one.boot === told.boot).map(({ event }) => event)
  const drivers = events.find((event) => event.type === 'boot.drivers') ?? assert.fail()
  const cards = events.find((event) => event.type === 'report.cards') ?? assert.fail()
  return { drivers, card: cards.cards[0]?.driver ?? '' }
}

describe('cards', { timeout: 1_800_000 }, () => {
  for (const { model, busId, driver } of ROWS) {
    test(`${model} boots with generic drivers, then with its own alone [FB47, HT27]`, async (t) => {
      const machine = { name: model.replace('_', '-'), cards: [{ model }] }
      const generic = await boot(machine)
      assert.deepEqual([generic.drivers.scope, generic.card], ['generic', driver])
      const fitted = await boot({ ...machine, busId })
      assert.deepEqual([fitted.drivers.scope, fitted.card], ['fitted', driver])
      assert.ok(fitted.drivers.bytes < generic.drivers.bytes * 0.25)
      t.diagnostic(`${generic.drivers.bytes} bytes generic, ${fitted.drivers.bytes} fitted`)
    })
  }

  test('an adapter at a USB port boots with generic drivers, then with an initramfs made for it [FB47]', async (t) => {
    const machine = { name: 'usb', cards: [{ model: 'usb-net' }] } as const
    const generic = await boot(machine)
    assert.deepEqual([generic.drivers.scope, generic.card], ['generic', 'cdc_subset'])
    let fittedBytes = 0
    const fitted = await boot({
      ...machine,
      parts: async ({ directory, client }) => {
        const file = join(directory, 'fitted')
        const { store, digest } = await debianRelease()
        const words = ['initramfs', 'build', digest, '--fit', 'usb:0525:a4a2', '-o', file, '--store', store.directory]
        await run(NETROOT, words)
        fittedBytes = (await stat(file)).size
        return [file, client]
      },
    })
    assert.equal(fitted.card, 'cdc_subset')
    assert.ok(fittedBytes < generic.drivers.bytes * 0.35, `${fittedBytes} bytes with the tools`)
    t.diagnostic(`${generic.drivers.bytes} bytes generic, ${fittedBytes} fitted with the tools`)
  })
})
