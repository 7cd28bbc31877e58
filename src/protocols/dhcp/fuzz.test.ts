import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contains } from '../../net/cidr.ts'
import { WireError } from '../../wire/error.ts'
import { CAPTURES } from './captures.ts'
import type { Asked, DhcpAnswer } from './answer.ts'
import { linkOf } from './link.ts'
import { option, readOption } from './options.ts'
import { decodeMessage, type DhcpMessage, encodeMessage } from './packet.ts'
import { type Handled, handleBootRequest, handleMessage } from './session.ts'
import { SubnetLeases } from './subnet-leases.ts'

/** More by hand: `NETROOT_FUZZ=5000000 npm run test:unit`. */
const PACKETS = Number(process.env['NETROOT_FUZZ'] ?? 100_000)
const HOME = { address: '10.7.0.1', prefix: 24 }
const RELAYED = { address: '10.9.0.0', prefix: 24 }
const RANGES = [
  { network: HOME, range: { first: '10.7.0.100', last: '10.7.0.149' } },
  { network: RELAYED, range: { first: '10.9.0.100', last: '10.9.0.149' } },
]
/** Every setting there is: an answer that leaves out what does not fit. */
const ANSWER: DhcpAnswer = {
  prefix: 24,
  leaseSeconds: 600,
  routers: ['10.7.0.1'],
  nameServers: ['10.7.0.1', '9.9.9.9'],
  ntpServers: ['10.7.0.1'],
  domainName: 'lab.example',
  domainSearch: ['lab.example'],
  hostName: 'pc-525400123456',
  bootFile: 'http://10.7.0.1/a/rather/long/name/of/a/boot/file.efi',
}
/** The largest answer to a client that says nothing of its size, and to any client at all. */
const USUAL_BYTES = 576 - 28
const MOST_BYTES = 1500 - 28

/** A generator of numbers below 2^32 that gives the same ones for the same seed (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below
  }
}

type Random = (below: number) => number
type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array

const OPTIONS_AT = 240
const MUTATIONS: readonly Mutation[] = [
  (bytes, random) => changed(bytes, random(bytes.length), random(256)),
  (bytes, random) => changed(bytes, OPTIONS_AT + random(bytes.length - OPTIONS_AT), random(256)),
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => Buffer.concat([bytes, noise(random(1200), random)]),
  (bytes, random) => withOption(bytes, random(256), noise(random(256), random)),
  (bytes, random) => withOption(bytes, 53, [random(10)]),
  (bytes, random) => withOption(bytes, 52, [random(5)]),
  (bytes, random) => withOption(bytes, 57, [random(256), random(256)]),
  (bytes, random) => withOption(bytes, 50, [10, 7, 0, random(256)]),
  (bytes, random) => withOption(bytes, 54, [10, 7, 0, random(2)]),
  (bytes, random) => withOption(bytes, 82, [5, 4, 10, 9, 0, random(256), 11, 4, 10, 9, 0, 1]),
  (bytes, random) => patched(bytes, 24, [10, random(2) === 0 ? 9 : random(256), 0, 1]), // giaddr: a relay
  (bytes, random) => patched(bytes, 12, [10, 7, 0, random(256)]), // ciaddr
  (bytes, random) => patched(bytes, 28, [2, 0, 0, 0, random(256), random(256)]), // chaddr: strangers
  (bytes, random) => Buffer.concat([bytes.subarray(0, random(300)), pick(random).subarray(random(300))]),
]

function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  return patched(bytes, at, [value])
}
function patched(bytes: Uint8Array, at: number, values: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes)
  if (at + values.length <= copy.length) copy.set(values, at)
  return copy
}
/** In front of the others, so that it is read; of two equal ones both are, joined. */
function withOption(bytes: Uint8Array, code: number, value: ArrayLike<number>): Uint8Array {
  const added = new Uint8Array(2 + value.length)
  added.set([code, value.length])
  added.set(value, 2)
  return Buffer.concat([bytes.subarray(0, OPTIONS_AT), added, bytes.subarray(OPTIONS_AT)])
}
function noise(length: number, random: Random): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at += 1) bytes[at] = random(256)
  return bytes
}
function pick(random: Random): Uint8Array {
  return CAPTURES[random(CAPTURES.length)]?.bytes ?? new Uint8Array()
}
function mutate(random: Random): Uint8Array {
  let bytes = pick(random)
  for (let times = random(4); times >= 0; times -= 1) {
    if (bytes.length > OPTIONS_AT + 4) bytes = MUTATIONS[random(MUTATIONS.length)]?.(bytes, random) ?? bytes
  }
  return bytes
}

test('handleMessage() takes the captures as they are', async () => {
  const server = { serverAddress: HOME.address, leases: new SubnetLeases({ subnets: RANGES }), answer: () => ANSWER }
  for (const { from, bytes } of CAPTURES) {
    const { exchange } = await handleMessage(server, decodeMessage(bytes), 'broadcast')
    const reason = exchange.outcome.kind === 'ignored' ? exchange.outcome.reason : undefined
    assert.ok(reason !== 'malformed' && reason !== 'not-a-request', from)
  }
})

test(`handleMessage() survives ${PACKETS} mutations of real packets: no crash, no growth, no amplification`, async () => {
  const random = numbersFrom(20_261_121)
  const leases = new SubnetLeases({ subnets: RANGES })
  const server = { serverAddress: HOME.address, leases, answer: () => ANSWER }
  let answered = 0
  for (let n = 0; n < PACKETS; n += 1) {
    const bytes = mutate(random)
    const request = decoded(bytes)
    if (request === undefined) continue
    const handled = await handleMessage(server, request, random(2) === 0 ? 'broadcast' : 'unicast')
    assert.notEqual(handled.exchange.outcome.kind, 'failed', Buffer.from(bytes).toString('hex'))
    if (handled.reply !== undefined) answered += checkReply(request, handled.reply)
  }
  assert.ok(answered > PACKETS / 20, `only ${answered} of ${PACKETS} were answered: the mutations are too wild`)
  assert.ok(leases.active().length <= 100, 'more leases than addresses')
})

/** Port 4011 in a menu: what it is asked for came from firmware, and now from anybody. */
const BOOT_MUTATIONS: readonly Mutation[] = [
  (bytes) => withOption(bytes, 53, [3]),
  (bytes, random) => withOption(bytes, 43, [71, random(6), 0x80, random(4), 0, random(2)]),
  (bytes, random) => withOption(bytes, 43, noise(random(64), random)),
  (bytes, random) => patched(bytes, 12, [10, 7, 0, random(256)]),
]

test(`handleBootRequest() survives ${PACKETS} mutations of real packets and of choices in a menu`, async () => {
  const random = numbersFrom(4011)
  const entries = [{ name: 'debian', label: 'debian', isLocal: false }]
  const chosen = { item: { type: 0x8000, layer: 0 }, name: 'debian' }
  const server = {
    serverAddress: HOME.address,
    leases: new SubnetLeases({ subnets: RANGES }),
    answer: (_: unknown, { bootItem }: Asked): DhcpAnswer =>
      bootItem === undefined ? { prefix: 24, leaseSeconds: 600, menu: { seconds: 9, entries } } : { ...ANSWER, chosen },
  }
  const kinds = new Set<string>()
  for (let n = 0; n < PACKETS; n += 1) {
    let bytes = mutate(random)
    for (const mutation of BOOT_MUTATIONS) {
      if (bytes.length > OPTIONS_AT + 4 && random(2) === 0) bytes = mutation(bytes, random)
    }
    const request = decoded(bytes)
    if (request === undefined) continue
    const { exchange, reply } = await handleBootRequest(server, request)
    assert.notEqual(exchange.outcome.kind, 'failed', Buffer.from(bytes).toString('hex'))
    if (reply === undefined) continue
    assert.equal(reply.to.port, 'sender')
    kinds.add(reply.message.bootFile === '' ? 'menu' : 'file')
    checkReply(request, { ...reply, to: { ...reply.to, address: HOME.address } })
  }
  assert.deepEqual([...kinds].sort(), ['file', 'menu'], 'the mutations reach both answers')
})

/** Malformed bytes are an everyday error, and no other. */
function decoded(bytes: Uint8Array): DhcpMessage | undefined {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    assert.ok(error instanceof WireError, `${String(error)} for ${Buffer.from(bytes).toString('hex')}`)
    return undefined
  }
}

/** Asserts that a reply is no longer than it may be and goes to who asked, and counts it. */
function checkReply(request: DhcpMessage, { message, to }: NonNullable<Handled['reply']>): number {
  const { byteLength } = encodeMessage(message)
  const relayAgent = (message.options.get(82)?.byteLength ?? 0) * 1.01 + 2
  const asked = readOption(request.options, option.maximumMessageSize) ?? 0
  assert.ok(byteLength <= Math.max(USUAL_BYTES, Math.min(asked, MOST_BYTES)) + relayAgent, `${byteLength} bytes`)
  const isNamed = [HOME, RELAYED].some((network) => contains(network, to.address))
  // a relay that selects another link may be anywhere (RFC 3527)
  const isSelecting = to.port === 'server' && linkOf(request) !== to.address
  assert.ok(to.address === '255.255.255.255' || isNamed || isSelecting, `an answer to ${to.address}`)
  return 1
}
