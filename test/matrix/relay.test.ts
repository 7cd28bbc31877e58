import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { Neighbour } from '../vm/neighbour.ts'
import { serveDebian, showWhatFailed } from '../vm/served.ts'

/* Two networks at once, one of them behind a relay. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

describe('two networks', { timeout: 300_000 }, () => {
  test('machines of two subnets boot, one of them through a relay', async () => {
    const networks = 'networks: [{ relayed: 10.78.0.0/24, range: 10.78.0.100-10.78.0.110, router: 10.78.0.1 }]'
    const lab = (served = await serveDebian({ config: networks }))
    const far = await lab.lab.addNetwork('far', '192.0.2.1/32') // the server has no address there that machines see
    const router = await Neighbour.plugIn(lab.lab, 'router', [
      { bridge: 'br0', address: '10.77.0.2/24' },
      { bridge: far.bridge, address: '10.78.0.1/24' },
    ])
    await lab.lab.run('ip', ['route', 'add', '10.78.0.0/24', 'via', '10.77.0.2'])
    const relay = router.spawn('dhcrelay', ['-4', '-d', '-id', 'eth1', '-iu', 'eth0', '10.77.0.1'])
    await relay.stderr.waitFor('Sending on   Socket/fallback')
    const machines = [
      await lab.lab.powerOn({ name: 'near' }),
      await lab.lab.powerOn({ name: 'far', cards: [{ network: 'far' }] }),
    ]
    const told = (type: string, machine: (typeof machines)[number]) =>
      lab.waitForEvent(({ event, mac }) => event.type === type && mac === machine.macs[0], { timeoutMs: 200_000 })
    const addresses: unknown[] = []
    for (const machine of machines) {
      const { event } = await told('report.lease', machine)
      addresses.push(event.type === 'report.lease' ? event.address : undefined)
      await told('report.switch', machine)
    }
    assert.deepEqual(addresses, ['10.77.0.100', '10.78.0.100'])
  })
})
