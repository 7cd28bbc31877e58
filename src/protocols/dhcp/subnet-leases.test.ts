import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LeaseClient } from './lease-book.ts'
import type { Lease, LeaseStore } from './lease-pool.ts'
import { SubnetLeases, type SubnetLeasesOptions } from './subnet-leases.ts'

const A = { mac: '52:54:00:00:00:0a' }
const HOME = '10.0.0.1'
const AWAY = '10.9.0.1'

function twoNetworks(options: Partial<SubnetLeasesOptions> = {}) {
  const leases = new SubnetLeases({
    subnets: [
      { network: { address: HOME, prefix: 24 }, range: { first: '10.0.0.100', last: '10.0.0.101' } },
      { network: { address: '10.9.0.0', prefix: 16 }, range: { first: '10.9.0.100', last: '10.9.0.101' } },
    ],
    ...options,
  })
  const take = async (client: LeaseClient): Promise<string> => {
    const offer = leases.offer(client, undefined)
    if ('refused' in offer) return offer.refused
    assert.equal(await leases.bind(client, offer.address, 600), 'bound')
    return offer.address
  }
  return { leases, take }
}

test('SubnetLeases gives a machine an address of the network it is in, and its old one when it returns', async () => {
  const { take } = twoNetworks()
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.100')
  assert.equal(await take({ ...A, link: AWAY }), '10.9.0.100')
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.100')
})

test('SubnetLeases gives a fixed address in its own network only', async () => {
  const { take } = twoNetworks({ fixed: new Map([[A.mac, '10.9.0.7']]) })
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.100')
  assert.equal(await take({ ...A, link: AWAY }), '10.9.0.7')
})

test('SubnetLeases serves the smallest of networks inside of each other', async () => {
  const subnets = [
    { network: { address: '10.0.0.0', prefix: 8 }, range: { first: '10.1.0.1', last: '10.1.0.9' } },
    { network: { address: '10.9.0.0', prefix: 16 }, range: { first: '10.9.0.1', last: '10.9.0.9' } },
  ]
  const { take } = twoNetworks({ subnets, fixed: new Map([['52:54:00:00:00:0b', '10.9.0.1']]) })
  assert.equal(await take({ ...A, link: '10.9.200.1' }), '10.9.0.2')
  assert.equal(await take({ ...A, link: '10.200.0.1' }), '10.1.0.1')
})

test('SubnetLeases knows no network that is not configured', async () => {
  const { leases, take } = twoNetworks()
  assert.equal(leases.serves('10.0.0.250') && leases.serves('10.9.250.1'), true)
  assert.equal(leases.serves('192.168.7.7'), false)
  assert.equal(await take({ ...A, link: '192.168.7.7' }), 'unknown-network')
  assert.equal(await leases.bind(A, '192.168.7.7', 600, { adopt: true }), 'unknown')
})

test('SubnetLeases finds the leases of all its networks in the store again, and tells it what was left', async () => {
  const saved: [string, string | undefined][] = []
  const lease = (address: string, mac = A.mac): Lease => ({ address, mac, state: 'bound', expiresAt: Infinity })
  const store: LeaseStore = {
    load: () => [lease('10.0.0.101'), lease('10.9.0.101'), lease('172.16.0.1')],
    save: async ({ address }, left) => void saved.push([address, left]),
  }
  const { leases, take } = twoNetworks({ store })
  assert.deepEqual(
    leases.active().map(({ address }) => address),
    ['10.0.0.101', '10.9.0.101'],
  )
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.101')
  await leases.bind({ ...A, link: AWAY }, '10.9.0.100', 600, { adopt: true })
  assert.deepEqual(saved, [
    ['10.0.0.101', undefined],
    ['10.9.0.100', '10.9.0.101'],
  ])
})

test('SubnetLeases.quarantine() puts an address aside and leaves its user what it has', async () => {
  const { leases, take } = twoNetworks()
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.100')
  await leases.quarantine('10.0.0.101', A.mac)
  assert.equal(await take({ mac: '52:54:00:00:00:0b', link: HOME }), 'pool-full')
  assert.equal(await take({ ...A, link: HOME }), '10.0.0.100')
})
