import assert from 'node:assert/strict'
import { join } from 'node:path'
import { afterEach, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { exported, NAMED, NAMED_ADDRESS, serveWithoutDhcp, startDnsmasq } from '../vm/other-servers.ts'
import { eventOf, showWhatFailed } from '../vm/served.ts'

/* What `netroot config export` writes, served by the servers that it is for, booted through. */

let served: ServedLab | undefined
showWhatFailed(() => served)
afterEach(async () => {
  await served?.[Symbol.asyncDispose]()
  served = undefined
})

describe('beside servers that run already', { timeout: 600_000 }, () => {
  test('a machine boots with dnsmasq as the DHCP server, given its exported file [AW20]', async () => {
    served = await serveWithoutDhcp()
    await startDnsmasq(served, await exported(served, 'dnsmasq'))
    await served.lab.powerOn({ name: NAMED })
    const lease = await eventOf(served, 'report.lease', { timeoutMs: 90_000 })
    assert.equal(lease.address, NAMED_ADDRESS)
    await eventOf(served, 'report.switch', { timeoutMs: 90_000 })
    assert.ok(!served.events.some(({ event }) => event.type === 'dhcp.ack'), 'netroot gave no address')
  })

  test('machines boot from exported directories that tftpd-hpa serves: named ones and others [FB39, HT37, JS13]', async () => {
    const lab = (served = await serveWithoutDhcp({ config: 'ports: { tftp: 6969 }\n' }))
    const tree = join(lab.lab.directory, 'other', 'tftp')
    await exported(lab, 'pxelinux', '--into', tree)
    lab.lab.spawn('in.tftpd', ['--foreground', '--secure', '--user', 'root', '--address', '10.77.0.1:69', tree])
    const dhcp = ['interface=br0', 'bind-dynamic', 'dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h']
    await startDnsmasq(lab, [...dhcp, 'dhcp-boot=lpxelinux.0,,10.77.0.1', ''].join('\n'))
    for (const name of [NAMED, 'stranger']) {
      const from = lab.events.length
      const machine = await lab.lab.powerOn({ name })
      await eventOf(lab, 'report.switch', { timeoutMs: 120_000, from })
      const files = lab.events.slice(from).filter(({ event }) => /^(?:tftp|http)\.file$/.test(event.type))
      assert.deepEqual(files, [], 'netroot sent no file of this boot')
      assert.ok(
        lab.events.slice(from).every(({ mac }) => mac === machine.macs[0]),
        'its reports name it',
      )
      await machine.quit()
    }
  })
})
