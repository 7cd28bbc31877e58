import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkInterface } from '../../sys/interfaces.ts'
import { checkDhcpNetwork, type DhcpNetworkWish } from './network.ts'

function link(name: string, addresses: NetworkInterface['addresses'], up = true): NetworkInterface {
  return { name, mac: '52:54:00:00:00:01', up, carrier: up, loopback: false, mtu: 1500, addresses }
}
const HOST = [
  link('eth0', [{ address: '192.168.1.7', prefix: 24 }]),
  link('eth1', [
    { address: '10.0.0.1', prefix: 24 },
    { address: '10.7.0.1', prefix: 16 },
  ]),
  link('eth2', []),
  link('eth3', [], false),
]

test('checkDhcpNetwork() takes the address of the interface whose network holds the range', () => {
  assert.deepEqual(checkDhcpNetwork({ interface: 'eth1', range: '10.7.1.0-10.7.1.255' }, HOST), {
    interface: 'eth1',
    server: { address: '10.7.0.1', prefix: 16 },
    range: { first: '10.7.1.0', last: '10.7.1.255' },
  })
  assert.equal(checkDhcpNetwork({ interface: 'eth1' }, HOST).server.address, '10.0.0.1')
})

const on = (range: string): DhcpNetworkWish => ({ interface: 'eth0', range })
const WRONG: readonly [string, DhcpNetworkWish, string, string][] = [
  [
    'an unknown interface',
    { interface: 'eth9' },
    'interface',
    'Cannot serve on interface "eth9": there is none, want one of eth0 (192.168.1.7/24), eth1 (10.0.0.1/24), eth2, eth3',
  ],
  [
    'an interface that is down',
    { interface: 'eth3' },
    'interface',
    'Cannot serve on interface eth3: it is down; switch it on with: ip link set eth3 up',
  ],
  [
    'an interface without address',
    { interface: 'eth2' },
    'interface',
    'Cannot serve on interface eth2: it has no IPv4 address; give it one with: ip addr add ADDRESS/24 dev eth2',
  ],
  [
    'an address the interface does not have',
    { interface: 'eth1', serverAddress: '10.0.0.9' },
    'serverAddress',
    'Cannot serve as 10.0.0.9: interface eth1 has 10.0.0.1, 10.7.0.1',
  ],
  [
    'a range that is none',
    on('192.168.1.10'),
    'range',
    'Cannot read range "192.168.1.10", want FIRST-LAST such as 10.0.0.100-10.0.0.200',
  ],
  [
    'a range that is reversed',
    on('192.168.1.20-192.168.1.10'),
    'range',
    'Cannot use range 192.168.1.20-192.168.1.10: it is reversed, want 192.168.1.10-192.168.1.20',
  ],
  [
    'a range outside the network',
    on('192.168.2.10-192.168.2.20'),
    'range',
    'Cannot use range 192.168.2.10-192.168.2.20: it is outside 192.168.1.0/24, the network of eth0',
  ],
  [
    'a range with the server in it',
    on('192.168.1.5-192.168.1.20'),
    'range',
    "Cannot use range 192.168.1.5-192.168.1.20: it holds 192.168.1.7, the server's own address; leave that out",
  ],
  [
    'a range with the broadcast address in it',
    on('192.168.1.200-192.168.1.255'),
    'range',
    'Cannot use range 192.168.1.200-192.168.1.255: no machine may have 192.168.1.255 in 192.168.1.0/24',
  ],
  [
    "the server's address for a machine",
    { interface: 'eth0', fixed: ['192.168.1.7'] },
    'fixed',
    "Cannot give 192.168.1.7 to a machine: it is the server's own address",
  ],
  [
    'a fixed address outside the network',
    { interface: 'eth0', fixed: ['192.168.1.8', '10.0.0.1'] },
    'fixed',
    'Cannot give 10.0.0.1 to a machine: it is outside 192.168.1.0/24, the network of eth0',
  ],
]
for (const [what, wish, field, message] of WRONG) {
  test(`checkDhcpNetwork() refuses ${what}`, () => {
    assert.throws(() => checkDhcpNetwork(wish, HOST), { name: 'DhcpNetworkError', field, message })
  })
}
