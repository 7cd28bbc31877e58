import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { Neighbour } from './neighbour.ts'
import { eventOf, serveDebian, showWhatFailed } from './served.ts'

/* A network that is not ours alone: a router gives the addresses. UEFI and relays are in test/matrix. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

describe('networks with a router', { timeout: 300_000 }, () => {
  test('a BIOS machine boots beside a dnsmasq that gives the addresses and knows nothing of netroot', async () => {
    const lab = (served = await serveDebian({ config: 'dhcp: proxy' }))
    const router = await Neighbour.plugIn(lab.lab, 'router', [{ bridge: 'br0', address: '10.77.0.2/24' }])
    await router.dnsmasq('10.77.0.50,10.77.0.60')
    await lab.lab.powerOn({ name: 'pc1' })
    const lease = await eventOf(lab, 'report.lease', { timeoutMs: 120_000 })
    assert.match(lease.address, /^10\.77\.0\.(?:5\d|60)$/)
    assert.equal(lease.server, '10.77.0.2')
    await eventOf(lab, 'report.switch', { timeoutMs: 120_000 })
    assert.ok(!lab.events.some(({ event }) => event.type === 'dhcp.ack'), 'netroot gave no address')
  })
})
