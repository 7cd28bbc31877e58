import { type Ipv6, ipv6FromBytes, ipv6ToBytes } from '../../net/ipv6.ts'
import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'

/** Message types, RFC 8415 §7.3. */
export const MESSAGE = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
  relayForward: 12,
  relayReply: 13,
} as const

/** One option, its value not read yet. The same code may come again, for each interface association for instance. */
export interface RawOption {
  readonly code: number
  readonly value: Uint8Array
}

/** What a client and a server say to each other, RFC 8415 §8. */
export interface Dhcp6Message {
  readonly type: number
  /** 24 bits, `transaction-id`. */
  readonly transactionId: number
  readonly options: readonly RawOption[]
}

/** What one relay added around a message, RFC 8415 §9. */
export interface Relay {
  readonly hopCount: number
  /** `link-address`: an address of the network that the client is in; `::` where the relay does not say. */
  readonly linkAddress: Ipv6
  /** `peer-address`: whom the relay had it from. */
  readonly peerAddress: Ipv6
  /** Without the message inside. */
  readonly options: readonly RawOption[]
}

/** A datagram: a client's message, and the relays it came through, the one next to us first. */
export interface Dhcp6Datagram {
  readonly message: Dhcp6Message
  readonly relays: readonly Relay[]
}

const RELAY_MESSAGE = 9
/** HOP_COUNT_LIMIT, RFC 8415 §7.6: no datagram has come through more relays than this. */
const MOST_RELAYS = 8
/** More than any client sends; a datagram of 64 KB could have 16 000. */
const MOST_OPTIONS = 256

/**
 * Decodes what comes to a server, with all relays that it came through.
 *
 * @throws {WireError} if it is cut, an option's length is a lie, or there are more relays or options than can be
 */
export function decodeDatagram(datagram: Uint8Array): Dhcp6Datagram {
  const relays: Relay[] = []
  for (let bytes = datagram; ; ) {
    const r = new ByteReader(bytes, 'DHCPv6 message')
    const type = r.u8('message type')
    if (type !== MESSAGE.relayForward && type !== MESSAGE.relayReply) {
      return { message: decodeRest(r, type), relays }
    }
    if (relays.length === MOST_RELAYS) throw r.fail(`it came through more than ${MOST_RELAYS} relays`)
    const { relay, inside } = decodeRelay(r)
    relays.push(relay)
    bytes = inside
  }
}

function decodeRest(r: ByteReader, type: number): Dhcp6Message {
  const transactionId = r.u8('transaction id') * 0x1_0000 + r.u16('transaction id')
  return { type, transactionId, options: readOptions(r) }
}

/**
 *     | type | hop count | link address, 16 | peer address, 16 | options: one of them the message |
 */
function decodeRelay(r: ByteReader): { readonly relay: Relay; readonly inside: Uint8Array } {
  const hopCount = r.u8('hop count')
  const linkAddress = ipv6FromBytes(r.bytes(16, 'link address'))
  const peerAddress = ipv6FromBytes(r.bytes(16, 'peer address'))
  const all = readOptions(r)
  const inside = all.find(({ code }) => code === RELAY_MESSAGE)?.value
  if (inside === undefined) throw r.fail('a relay forwards no message')
  const options = all.filter(({ code }) => code !== RELAY_MESSAGE)
  return { relay: { hopCount, linkAddress, peerAddress, options }, inside }
}

/**
 * Reads options to the end, RFC 8415 §21.1: code and length of 16 bits each, then the value.
 *
 * @throws {WireError} if one is cut, or there are more than 256
 */
export function readOptions(r: ByteReader): RawOption[] {
  const options: RawOption[] = []
  while (r.remaining > 0) {
    if (options.length === MOST_OPTIONS) throw r.fail(`more than ${MOST_OPTIONS} options`)
    const code = r.u16('option code')
    options.push({ code, value: r.bytes(r.u16('option length'), `option ${code}`) })
  }
  return options
}

/** Writes options one after the other. */
export function writeOptions(w: ByteWriter, options: readonly RawOption[]): void {
  for (const { code, value } of options) w.u16(code).u16(value.byteLength).bytes(value)
}

/** Encodes a message; with relays, the RELAY-REPL that leads back through them (or a RELAY-FORW, for tests). */
export function encodeDatagram({ message, relays }: Dhcp6Datagram, around: number = MESSAGE.relayReply): Uint8Array {
  return relays.reduceRight((inside, relay) => encodeRelay(relay, inside, around), encodeMessage(message))
}

function encodeMessage({ type, transactionId, options }: Dhcp6Message): Uint8Array {
  const w = new ByteWriter(256)
  w.u8(type)
    .u8(transactionId >>> 16)
    .u16(transactionId & 0xffff)
  writeOptions(w, options)
  return w.finish()
}

function encodeRelay(
  { hopCount, linkAddress, peerAddress, options }: Relay,
  inside: Uint8Array,
  type: number,
): Uint8Array {
  const w = new ByteWriter(256)
  w.u8(type).u8(hopCount).bytes(ipv6ToBytes(linkAddress)).bytes(ipv6ToBytes(peerAddress))
  writeOptions(w, [...options, { code: RELAY_MESSAGE, value: inside }])
  return w.finish()
}
