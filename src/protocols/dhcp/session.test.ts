import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import type { DhcpAnswer } from './answer.ts'
import { LeasePool, type LeasePoolOptions } from './lease-pool.ts'
import { SubnetLeases } from './subnet-leases.ts'
import { type MessageType, option, rawOption, readOption } from './options.ts'
import type { DhcpMessage } from './packet.ts'
import { type Arrival, type Handled, handleMessage } from './session.ts'
import { clientMessage, type ClientMessageFields } from './testing.ts'

const SERVER = '10.0.0.1'
const ANSWER: DhcpAnswer = {
  prefix: 24,
  leaseSeconds: 3600,
  routers: [SERVER],
  nameServers: ['9.9.9.9'],
  hostName: 'pc01',
}
const OURS = rawOption(option.serverIdentifier, SERVER)
const THEIRS = rawOption(option.serverIdentifier, '10.0.0.9')
const asking = (address: string) => rawOption(option.requestedAddress, address)

interface Setup extends LeasePoolOptions {
  readonly answer?: Partial<DhcpAnswer> | 'nobody'
}

/** A server without sockets, and a way to tell it things. */
function serverWith({ answer = {}, ...pool }: Setup = {}) {
  const leases = new LeasePool({ range: { first: '10.0.0.100', last: '10.0.0.101' }, ...pool })
  const decided = answer === 'nobody' ? undefined : { ...ANSWER, ...answer }
  const context = { serverAddress: SERVER, leases, answer: () => decided }
  const tell = (type: MessageType | undefined, fields?: ClientMessageFields, arrival: Arrival = 'broadcast') =>
    handleMessage(context, clientMessage(type, fields), arrival)
  return { tell, leases }
}

/** What a test looks at first: kind of reply, address, and to whom. */
function summary({ reply }: Handled): string {
  if (reply === undefined) return 'silence'
  const type = readOption(reply.message.options, option.messageType)
  return `${type} ${reply.message.yourAddress} to ${reply.to.address}:${reply.to.port}`
}

function messageOf({ reply }: Handled): DhcpMessage {
  assert.ok(reply !== undefined, 'no reply')
  return reply.message
}

test('handleMessage() offers an address to a DISCOVER, to everybody', async () => {
  const { tell } = serverWith()
  const handled = await tell('discover')
  assert.equal(summary(handled), 'offer 10.0.0.100 to 255.255.255.255:client')
  const { options } = messageOf(handled)
  assert.equal(readOption(options, option.serverIdentifier), SERVER)
  assert.equal(readOption(options, option.subnetMask), '255.255.255.0')
  assert.equal(readOption(options, option.leaseTime), 3600)
  assert.equal(readOption(options, option.renewalTime), 1800)
  assert.equal(readOption(options, option.rebindingTime), 3150)
})

/** The same, where the addresses of `users` are in use by machines that were not given them. */
function serverAmong(users: Readonly<Record<string, string>>) {
  const leases = new LeasePool({ range: { first: '10.0.0.100', last: '10.0.0.109' } })
  const asked: string[] = []
  const holderOf = async (address: string): Promise<string | undefined> => {
    asked.push(address)
    return users[address]
  }
  const context = { serverAddress: SERVER, leases, answer: () => ANSWER, holderOf }
  const tell = (type: MessageType, fields?: ClientMessageFields) =>
    handleMessage(context, clientMessage(type, fields), 'broadcast')
  return { tell, asked }
}

test('handleMessage() offers no address that somebody uses, puts it aside and says whose it is', async () => {
  const holder = '52:54:00:00:00:99'
  const { tell } = serverAmong({ '10.0.0.100': holder, '10.0.0.101': holder })
  const handled = await tell('discover')
  assert.equal(summary(handled), 'offer 10.0.0.102 to 255.255.255.255:client')
  const { outcome } = handled.exchange
  assert.deepEqual(outcome.kind === 'offered' && outcome.inUse, [
    { address: '10.0.0.100', holder },
    { address: '10.0.0.101', holder },
  ])
  assert.equal(messageOf(await tell('discover', { mac: holder })).yourAddress, '10.0.0.103')
})

test('handleMessage() looks for an address once: not again while it is held or leased', async () => {
  const { tell, asked } = serverAmong({})
  await tell('discover')
  await tell('discover')
  await tell('request', { options: [OURS, asking('10.0.0.100')] })
  await tell('discover')
  assert.deepEqual(asked, ['10.0.0.100'])
})

test('handleMessage() is not kept busy by a machine that pretends to have every address', async () => {
  const all = Array.from({ length: 10 }, (_, n) => [`10.0.0.${100 + n}`, '52:54:00:00:00:99'] as const)
  const { tell, asked } = serverAmong(Object.fromEntries(all))
  assert.equal(summary(await tell('discover')), 'offer 10.0.0.104 to 255.255.255.255:client')
  assert.equal(asked.length, 4)
})

test('handleMessage() acknowledges in SELECTING what it offered', async () => {
  const { tell, leases } = serverWith()
  await tell('discover')
  const handled = await tell('request', { options: [OURS, asking('10.0.0.100')] })
  assert.equal(summary(handled), 'ack 10.0.0.100 to 255.255.255.255:client')
  assert.equal(leases.leaseOf('52:54:00:12:34:56')?.state, 'bound')
})

test('handleMessage() denies in SELECTING what belongs to another', async () => {
  const { tell } = serverWith()
  await tell('discover')
  await tell('discover', { mac: '52:54:00:00:00:02' })
  const handled = await tell('request', { options: [OURS, asking('10.0.0.101')] })
  assert.equal(summary(handled), 'nak 0.0.0.0 to 255.255.255.255:client')
  assert.equal(readOption(messageOf(handled).options, option.message), '10.0.0.101 belongs to another machine')
})

test('handleMessage() frees its offer when the machine takes another server, and says which', async () => {
  const { tell, leases } = serverWith({ range: { first: '10.0.0.100', last: '10.0.0.100' } })
  await tell('discover')
  const { exchange, reply } = await tell('request', { options: [THEIRS, asking('10.0.0.222')] })
  assert.equal(reply, undefined)
  const text = 'it took the offer of 10.0.0.9'
  const took = { server: '10.0.0.9', address: '10.0.0.222' }
  assert.deepEqual(exchange.outcome, { kind: 'ignored', reason: 'other-server', text, ...took })
  assert.deepEqual(leases.offer({ mac: '52:54:00:00:00:02' }, undefined), { address: '10.0.0.100', fresh: true })
})

test('handleMessage() in INIT-REBOOT confirms a lease, denies a wrong one, is silent about an unknown one', async () => {
  const { tell } = serverWith()
  assert.equal(summary(await tell('request', { options: [asking('10.0.0.100')] })), 'silence')
  await tell('discover')
  await tell('request', { options: [OURS, asking('10.0.0.100')] })
  const again = await tell('request', { options: [asking('10.0.0.100')] })
  assert.equal(summary(again), 'ack 10.0.0.100 to 255.255.255.255:client')
  const other = await tell('request', { options: [asking('10.0.0.101')] })
  assert.equal(summary(other), 'nak 0.0.0.0 to 255.255.255.255:client')
})

test('handleMessage() denies an address of another network at once', async () => {
  const { tell } = serverWith()
  const handled = await tell('request', { options: [asking('192.168.7.7')] })
  assert.equal(summary(handled), 'nak 0.0.0.0 to 255.255.255.255:client')
  assert.equal(readOption(messageOf(handled).options, option.message), '192.168.7.7 is of another network')
})

test('handleMessage() in RENEWING answers the machine alone and lengthens its lease', async () => {
  let now = 0
  const { tell, leases } = serverWith({ now: () => now })
  await tell('discover')
  await tell('request', { options: [OURS, asking('10.0.0.100')] })
  now = 1_800_000
  const handled = await tell('request', { clientAddress: '10.0.0.100' }, 'unicast')
  assert.equal(summary(handled), 'ack 10.0.0.100 to 10.0.0.100:client')
  assert.equal(messageOf(handled).clientAddress, '10.0.0.100')
  assert.equal(leases.leaseAt('10.0.0.100')?.expiresAt, now + 3_600_000)
})

test('handleMessage() in RENEWING and REBINDING takes a machine back whose lease was lost', async () => {
  for (const arrival of ['unicast', 'broadcast'] as const) {
    const { tell } = serverWith()
    assert.equal(
      summary(await tell('request', { clientAddress: '10.0.0.101' }, arrival)),
      'ack 10.0.0.101 to 10.0.0.101:client',
    )
  }
})

test('handleMessage() denies in RENEWING what it never gave, and leaves REBINDING to the server that did', async () => {
  const { tell } = serverWith()
  const fields = { clientAddress: '10.0.0.222' }
  assert.equal(summary(await tell('request', fields, 'unicast')), 'nak 0.0.0.0 to 255.255.255.255:client')
  assert.equal(summary(await tell('request', fields, 'broadcast')), 'silence')
})

test('handleMessage() puts a declined address aside', async () => {
  const { tell } = serverWith()
  await tell('discover')
  await tell('request', { options: [OURS, asking('10.0.0.100')] })
  const { exchange } = await tell('decline', { options: [OURS, asking('10.0.0.100')] })
  assert.deepEqual(exchange.outcome, { kind: 'declined', address: '10.0.0.100' })
  assert.equal(summary(await tell('discover')), 'offer 10.0.0.101 to 255.255.255.255:client')
})

test('handleMessage() takes a released address back without an answer', async () => {
  const { tell, leases } = serverWith()
  await tell('discover')
  await tell('request', { options: [OURS, asking('10.0.0.100')] })
  const handled = await tell('release', { clientAddress: '10.0.0.100', options: [OURS] })
  assert.equal(summary(handled), 'silence')
  assert.deepEqual(leases.active(), [])
})

test('handleMessage() answers INFORM with settings, without an address or times', async () => {
  const { tell } = serverWith()
  const handled = await tell('inform', { clientAddress: '10.0.0.50' })
  assert.equal(summary(handled), 'ack 0.0.0.0 to 10.0.0.50:client')
  const { options } = messageOf(handled)
  assert.deepEqual(readOption(options, option.nameServers), ['9.9.9.9'])
  assert.equal(options.has(option.leaseTime.code), false)
})

test('handleMessage() answers through a relay and returns its option 82 as the last one', async () => {
  const { tell } = serverWith({ answer: { prefix: 16 } })
  const relayAgent = hex('0104 00000001')
  const options = [[82, relayAgent] as const, rawOption(option.clientIdentifier, hex('01525400123456'))]
  const handled = await tell('discover', { relayAddress: '10.0.200.1', options })
  assert.equal(summary(handled), 'offer 10.0.0.100 to 10.0.200.1:server')
  const message = messageOf(handled)
  assert.equal(message.relayAddress, '10.0.200.1')
  assert.deepEqual([...message.options].at(-1), [82, relayAgent])
  assert.deepEqual(message.options.get(61), hex('01525400123456')) // RFC 6842
})

/** A server of two networks, the second one behind a relay. */
function serverOfTwo() {
  const subnets = [
    { network: { address: SERVER, prefix: 24 }, range: { first: '10.0.0.100', last: '10.0.0.101' } },
    { network: { address: '10.0.9.0', prefix: 24 }, range: { first: '10.0.9.50', last: '10.0.9.51' } },
  ]
  const links: string[] = []
  const answer = (_: unknown, { link }: { readonly link: string }): DhcpAnswer => {
    links.push(link)
    return ANSWER
  }
  const context = { serverAddress: SERVER, leases: new SubnetLeases({ subnets }), answer }
  const tell = (type: MessageType, fields?: ClientMessageFields, arrival: Arrival = 'broadcast') =>
    handleMessage(context, clientMessage(type, fields), arrival)
  return { tell, links }
}

test('handleMessage() leases in the network of the relay; the machine renews without it', async () => {
  const { tell, links } = serverOfTwo()
  const relayAddress = '10.0.9.1'
  assert.equal(summary(await tell('discover', { relayAddress })), 'offer 10.0.9.50 to 10.0.9.1:server')
  await tell('request', { relayAddress, options: [OURS, asking('10.0.9.50')] })
  const handled = await tell('request', { clientAddress: '10.0.9.50' }, 'unicast')
  assert.equal(summary(handled), 'ack 10.0.9.50 to 10.0.9.50:client')
  assert.deepEqual(links, ['10.0.9.1', '10.0.9.1', '10.0.9.50'])
})

test('handleMessage() denies the address of another network to a machine that was carried over', async () => {
  const { tell } = serverOfTwo()
  const fields = { relayAddress: '10.0.9.1', options: [asking('10.0.0.100')] }
  assert.equal(summary(await tell('request', fields)), 'nak 0.0.0.0 to 10.0.9.1:server')
})

const SELECTING: readonly [string, ClientMessageFields, string][] = [
  ['link selection', { relayAddress: '10.0.0.254', options: [[82, hex('0504 0a000901')]] }, '10.0.9.50'],
  ['subnet selection', { options: [rawOption(option.subnetSelection, '10.0.9.0')] }, '10.0.9.50'],
  ['link selection without a relay not', { options: [[82, hex('0504 0a000901')]] }, '10.0.0.100'],
  [
    'link selection before subnet selection',
    {
      relayAddress: '10.0.9.1',
      options: [
        [82, hex('0504 0a000001')],
        [118, hex('0a000901')],
      ],
    },
    '10.0.0.100',
  ],
]
for (const [what, fields, address] of SELECTING) {
  test(`handleMessage() obeys ${what}`, async () => {
    const message = messageOf(await serverOfTwo().tell('discover', fields))
    assert.equal(message.yourAddress, address)
    const told = fields.options?.find(([code]) => code === 118)?.[1]
    assert.deepEqual(message.options.get(118), told) // RFC 3011: returned unaltered
  })
}

test('handleMessage() takes the address that a relay puts in place of ours for ours', async () => {
  const { tell } = serverOfTwo()
  const [relayAddress, relayAgent] = ['10.0.9.1', [82, hex('0b04 0a000901')] as const] // RFC 5107
  const offered = messageOf(await tell('discover', { relayAddress, options: [relayAgent] }))
  assert.equal(readOption(offered.options, option.serverIdentifier), '10.0.9.1')
  const options = [relayAgent, rawOption(option.serverIdentifier, '10.0.9.1'), asking('10.0.9.50')]
  assert.equal(summary(await tell('request', { relayAddress, options })), 'ack 10.0.9.50 to 10.0.9.1:server')
})

test('handleMessage() is silent to a relay of a network that nobody configured', async () => {
  const { exchange, reply } = await serverOfTwo().tell('discover', { relayAddress: '203.0.113.5' })
  assert.equal(reply, undefined)
  assert.deepEqual(exchange.outcome, {
    kind: 'ignored',
    reason: 'unknown-network',
    text: 'no network that holds 203.0.113.5 is configured here, and it asks through the relay 203.0.113.5',
  })
})

test('handleMessage() has a relay broadcast a NAK', async () => {
  const { tell } = serverWith()
  const handled = await tell('request', { relayAddress: '10.0.0.254', options: [asking('192.168.7.7')] })
  assert.equal(summary(handled), 'nak 0.0.0.0 to 10.0.0.254:server')
  assert.equal(messageOf(handled).broadcast, true)
})

test('handleMessage() says so when the pool is full', async () => {
  const { tell } = serverWith({ range: { first: '10.0.0.100', last: '10.0.0.100' } })
  await tell('discover', { mac: '52:54:00:00:00:02' })
  const { exchange, reply } = await tell('discover')
  assert.equal(reply, undefined)
  assert.deepEqual(exchange.outcome, {
    kind: 'ignored',
    reason: 'pool-full',
    text: 'no address is free: all 1 of the range 10.0.0.100-10.0.0.100 are leased; widen the range or shorten the leases',
  })
})

test('handleMessage() sends no ACK for a lease that could not be saved', async () => {
  const save = () => Promise.reject(new Error('disk full'))
  const { tell } = serverWith({ store: { load: () => [], save } })
  await tell('discover')
  const { exchange, reply } = await tell('request', { options: [OURS, asking('10.0.0.100')] })
  assert.equal(reply, undefined)
  assert.equal(exchange.outcome.kind === 'failed' && exchange.outcome.text, 'disk full')
})

const IGNORED: readonly [string, MessageType | undefined, ClientMessageFields, string][] = [
  ['plain BOOTP', undefined, {}, 'bootp'],
  ['an unknown message type', undefined, { options: [[53, hex('63')]] }, 'malformed'],
  ['a reply', 'offer', { operation: 'reply' }, 'not-a-request'],
  ['an ACK in a request', 'ack', {}, 'not-a-request'],
  ['InfiniBand', 'discover', { hardwareType: 32 }, 'hardware'],
  ['a REQUEST without any address', 'request', {}, 'malformed'],
  ['a DECLINE without an address', 'decline', {}, 'malformed'],
  ['an INFORM without an address', 'inform', {}, 'malformed'],
  ['a RELEASE meant for another server', 'release', { options: [THEIRS] }, 'other-server'],
]
for (const [what, type, fields, reason] of IGNORED) {
  test(`handleMessage() ignores ${what}`, async () => {
    const { exchange, reply } = await serverWith().tell(type, fields)
    assert.equal(reply, undefined)
    assert.equal(exchange.outcome.kind === 'ignored' && exchange.outcome.reason, reason)
  })
}

test('handleMessage() keeps quiet, and no address, for a machine that is not to be served', async () => {
  const { tell, leases } = serverWith({ answer: 'nobody', range: { first: '10.0.0.100', last: '10.0.0.100' } })
  assert.equal(summary(await tell('discover')), 'silence')
  assert.deepEqual(leases.offer({ mac: '52:54:00:00:00:02' }, undefined), { address: '10.0.0.100', fresh: true })
})
