import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listInterfaces, parseIpAddr } from './interfaces.ts'

const IP_ADDR = JSON.stringify([
  {},
  {
    ifname: 'eth1',
    flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
    mtu: 9000,
    link_type: 'ether',
    address: '52:54:00:12:34:56',
    addr_info: [
      { family: 'inet', local: '10.0.0.1', prefixlen: 24 },
      { family: 'inet6', local: 'fe80::1', prefixlen: 64 },
    ],
  },
  { ifname: 'wg0', flags: ['POINTOPOINT', 'NOARP'], mtu: 1420, link_type: 'none', addr_info: [] },
])

test('parseIpAddr() reads what ip says, also of interfaces that are down', () => {
  assert.deepEqual(parseIpAddr(IP_ADDR), [
    {
      name: 'eth1',
      mac: '52:54:00:12:34:56',
      up: true,
      carrier: true,
      loopback: false,
      mtu: 9000,
      addresses: [{ address: '10.0.0.1', prefix: 24 }],
    },
    { name: 'wg0', up: false, carrier: false, loopback: false, mtu: 1420, addresses: [] },
  ])
})

test('listInterfaces() finds the loopback, with ip and without it', async (t) => {
  const byIp = (await listInterfaces()).find(({ loopback }) => loopback)
  const path = process.env['PATH'] ?? ''
  t.after(() => {
    process.env['PATH'] = path
  })
  process.env['PATH'] = '/nonexistent'
  const bySys = (await listInterfaces()).find(({ loopback }) => loopback)
  assert.deepEqual(bySys, byIp)
  assert.equal(bySys?.name, 'lo')
})
