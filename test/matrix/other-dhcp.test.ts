import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { exported, fileWith, NAMED, NAMED_ADDRESS, serveWithoutDhcp } from '../vm/other-servers.ts'
import { eventOf, showWhatFailed } from '../vm/served.ts'

/* What `netroot config export` writes for the DHCP servers of ISC, booted through. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

async function bootsThrough(lab: ServedLab): Promise<void> {
  await lab.lab.powerOn({ name: NAMED })
  const lease = await eventOf(lab, 'report.lease', { timeoutMs: 90_000 })
  assert.equal(lease.address, NAMED_ADDRESS)
  await eventOf(lab, 'report.switch', { timeoutMs: 90_000 })
}

describe('beside the DHCP servers of ISC', { timeout: 600_000 }, () => {
  test('a machine boots with ISC dhcpd as the DHCP server, given its exported file [AW25]', async () => {
    served = await serveWithoutDhcp()
    const file = await fileWith(served, 'dhcpd.conf', await exported(served, 'dhcpd'))
    const leases = await fileWith(served, 'dhcpd.leases', '')
    const dhcpd = served.lab.spawn('/usr/sbin/dhcpd', ['-4', '-f', '-d', '--no-pid', '-cf', file, '-lf', leases, 'br0'])
    await dhcpd.stderr.waitFor(/Server starting service/)
    await bootsThrough(served)
  })

  test('a machine boots with Kea as the DHCP server, given its exported file', async () => {
    served = await serveWithoutDhcp()
    const directory = served.lab.directory
    const leases = `"persist": true, "name": "${directory}/kea.csv"` // its own place belongs to a user that the lab has not
    const text = (await exported(served, 'kea')).replace('"persist": true', leases)
    const file = await fileWith(served, 'kea.json', text)
    const places = { KEA_PIDFILE_DIR: directory, KEA_LOCKFILE_DIR: 'none' }
    served.lab.spawn('/usr/sbin/kea-dhcp4', ['-c', file], { env: places })
    await bootsThrough(served)
  })
})
