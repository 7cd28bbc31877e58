import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConfigError } from '../config/error.ts'
import { parseConfig } from '../config/load.ts'
import { describeClient } from '../protocols/dhcp/client.ts'
import { clientMessage } from '../protocols/dhcp/testing.ts'
import type { NetworkInterface } from '../sys/interfaces.ts'
import { dhcpAnswers } from './dhcp-answers.ts'
import { firstNetwork, moreNetworks } from './dhcp-networks.ts'

const TOP = `interface: eth1
range: 10.0.0.100-10.0.0.199
router: 10.0.0.254
dns: [9.9.9.9]
domain: lab.example
profiles: { debian: { image: debian } }
networks:
`
const INTERFACES = ['10.0.0.1', '10.1.0.1'].map((address, n): NetworkInterface => {
  const addresses = [{ address, prefix: 24 }]
  return { name: `eth${n + 1}`, up: true, carrier: true, loopback: false, mtu: 1500, addresses }
})

function networksOf(yaml: string) {
  const loaded = parseConfig(TOP + yaml, 'netroot.yaml')
  const first = firstNetwork(loaded.config, { interface: 'eth1', server: { address: '10.0.0.1', prefix: 24 } })
  return { config: loaded.config, networks: [first, ...moreNetworks(loaded, INTERFACES)] }
}

test('moreNetworks() finds another interface and a network behind a relay', () => {
  const { networks } = networksOf(`  - { interface: eth2, range: 10.1.0.50-10.1.0.60, router: 10.1.0.1 }
  - { relayed: 10.9.0.0/16, range: 10.9.0.50-10.9.0.60 }`)
  assert.deepEqual(
    networks.map(({ attached, network }) => [attached, network]),
    [
      [
        { interface: 'eth1', address: '10.0.0.1' },
        { address: '10.0.0.1', prefix: 24 },
      ],
      [
        { interface: 'eth2', address: '10.1.0.1' },
        { address: '10.1.0.1', prefix: 24 },
      ],
      [undefined, { address: '10.9.0.0', prefix: 16 }],
    ],
  )
})

test('dhcpAnswers() tells each machine of the network it is in; what that does not say counts as above', async () => {
  const { config, networks } =
    networksOf(`  - { interface: eth2, range: 10.1.0.50-10.1.0.60, lease: 2m, ntp: [10.1.0.1] }
  - { relayed: 10.9.0.0/16, range: 10.9.0.50-10.9.0.60, router: 10.9.0.1, dns: [10.9.0.2], domain: far.example }`)
  const server = { address: '10.1.0.1', httpPort: 80, nfsPort: 2049 }
  const answer = dhcpAnswers(config, server, networks)
  const client = describeClient(clientMessage('discover'))
  const told = (link: string) => answer(client, { address: link, link, received: 'discover' })
  const common = { hostName: 'pc-525400123456' }
  assert.deepEqual(await told('10.1.0.1'), {
    ...common,
    prefix: 24,
    leaseSeconds: 120,
    nameServers: ['9.9.9.9'],
    ntpServers: ['10.1.0.1'],
    domainName: 'lab.example',
    domainSearch: ['lab.example'],
  })
  assert.deepEqual(await told('10.9.7.7'), {
    ...common,
    prefix: 16,
    leaseSeconds: 43_200,
    routers: ['10.9.0.1'],
    nameServers: ['10.9.0.2'],
    domainName: 'far.example',
    domainSearch: ['far.example'],
  })
  assert.equal(await told('192.168.7.7'), undefined)
})

const WRONG: readonly [string, string, RegExp][] = [
  ['an interface twice', '{ interface: eth1, range: 10.0.0.5-10.0.0.6 }', /:8:18: interface: eth1 is served already/],
  ['no such interface', '{ interface: eth7, range: 10.0.0.5-10.0.0.6 }', /:8:18: .*"eth7": there is none, want one of/],
  ['a range elsewhere', '{ interface: eth2, range: 10.0.0.5-10.0.0.6 }', /:8:31: .*outside 10\.1\.0\.0\/24/],
  ['its relayed range elsewhere', '{ relayed: 10.9.0.0/24, range: 10.0.0.5-10.0.0.6 }', /:8:36: .*behind the relay/],
  [
    'a router elsewhere',
    '{ relayed: 10.9.0.0/24, range: 10.9.0.5-10.9.0.6, router: 10.0.0.1 }',
    /:8:63: .*10\.0\.0\.1/,
  ],
  ['neither', '{ range: 10.9.0.5-10.9.0.6 }', /want either interface: or relayed:/],
  ['both', '{ interface: eth2, relayed: 10.9.0.0/24, range: 10.9.0.5-10.9.0.6 }', /want either interface: or relayed:/],
  ['no network', '{ relayed: 10.9.0.7/24, range: 10.9.0.5-10.9.0.6 }', /want a network such as 10\.9\.0\.0\/24/],
]
for (const [what, yaml, text] of WRONG) {
  test(`moreNetworks() refuses ${what} and says where`, () => {
    assert.throws(
      () => networksOf(`  - ${yaml}`),
      (error) => error instanceof ConfigError && text.test(error.message),
    )
  })
}
