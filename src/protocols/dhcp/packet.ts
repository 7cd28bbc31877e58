import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from '../../net/ipv4.ts'
import { ByteReader } from '../../wire/reader.ts'
import { ByteWriter } from '../../wire/writer.ts'
import { decodeOptions, encodeOptions, OVERLOAD } from './option-field.ts'

/** Options as they are on the wire, by code; long ones joined (RFC 3396). `options.ts` decodes them on demand. */
export type RawOptions = ReadonlyMap<number, Uint8Array>

/** A BOOTP/DHCP message, RFC 2131 §2. Addresses that are not set are `0.0.0.0`. */
export interface DhcpMessage {
  readonly operation: 'request' | 'reply' // op
  /** 1 is Ethernet, RFC 1700 "ARP parameters". */
  readonly hardwareType: number // htype
  readonly hardwareAddress: Uint8Array // chaddr, as long as hlen says
  readonly hops: number
  readonly transactionId: number // xid
  /** Since the client began, as it says. */
  readonly seconds: number // secs
  /** The client cannot receive unicast before it has an address. */
  readonly broadcast: boolean // flags, the B bit
  readonly clientAddress: Ipv4 // ciaddr
  readonly yourAddress: Ipv4 // yiaddr
  readonly nextServer: Ipv4 // siaddr
  readonly relayAddress: Ipv4 // giaddr
  readonly serverName: string // sname
  readonly bootFile: string // file
  /** Empty for plain BOOTP, whose vendor area has no magic cookie. */
  readonly options: RawOptions
}

const OPERATION = { request: 1, reply: 2 } as const
const BROADCAST_FLAG = 0x8000
const MAGIC_COOKIE = 0x63825363 // RFC 2132 §2: 99, 130, 83, 99
const HARDWARE_ADDRESS_BYTES = 16
const SERVER_NAME_BYTES = 64
const BOOT_FILE_BYTES = 128
/** A BOOTP message has a vendor area of 64 bytes; relays and old clients drop what is shorter (RFC 1542 §2.1). */
const MINIMUM_BYTES = 300
/** Most messages need no more room. */
const USUAL_BYTES = 576
/** Bytes of a message that are not options: the fixed part, the cookie, the End option. */
export const FIXED_BYTES = 236 + 4 + 1

/**
 * Decodes a message, RFC 2131 §2. Bytes after the End option are padding.
 *
 *     | op 1 | htype 1 | hlen 1 | hops 1 | xid 4 | secs 2 | flags 2 | ciaddr 4 | yiaddr 4 | siaddr 4 | giaddr 4 |
 *     | chaddr 16 | sname 64 | file 128 | cookie 4 | options … |
 *
 * @throws {WireError} if the datagram is cut or lies about a length
 */
export function decodeMessage(datagram: Uint8Array): DhcpMessage {
  const r = new ByteReader(datagram, 'DHCP message')
  const operation = readOperation(r)
  const hardwareType = r.u8('htype')
  const hardwareLength = r.u8('hlen')
  if (hardwareLength > HARDWARE_ADDRESS_BYTES) throw r.fail(`hlen is ${hardwareLength}, want at most 16`, 2)
  const head = {
    operation,
    hardwareType,
    hops: r.u8('hops'),
    transactionId: r.u32('xid'),
    seconds: r.u16('secs'),
    broadcast: (r.u16('flags') & BROADCAST_FLAG) !== 0,
    clientAddress: ipv4FromNumber(r.u32('ciaddr')),
    yourAddress: ipv4FromNumber(r.u32('yiaddr')),
    nextServer: ipv4FromNumber(r.u32('siaddr')),
    relayAddress: ipv4FromNumber(r.u32('giaddr')),
    hardwareAddress: r.bytes(HARDWARE_ADDRESS_BYTES, 'chaddr').subarray(0, hardwareLength),
  }
  const serverName = r.bytes(SERVER_NAME_BYTES, 'sname')
  const bootFile = r.bytes(BOOT_FILE_BYTES, 'file')
  if (r.u32('magic cookie') !== MAGIC_COOKIE) {
    return { ...head, serverName: textOfField(serverName), bootFile: textOfField(bootFile), options: new Map() }
  }
  const { options, overload } = decodeOptions(r, { serverName, bootFile })
  return {
    ...head,
    // an overloaded field holds options, not its name (RFC 2132 §9.3); the name is in option 66 or 67 then
    serverName: (overload & OVERLOAD.serverName) === 0 ? textOfField(serverName) : '',
    bootFile: (overload & OVERLOAD.bootFile) === 0 ? textOfField(bootFile) : '',
    options,
  }
}

/**
 * Encodes a message with the magic cookie, End and padding to 300 bytes. Options come in the order of the map.
 *
 * @throws {RangeError} if a name is longer than its field
 */
export function encodeMessage(message: DhcpMessage): Uint8Array {
  const w = new ByteWriter(room())
  w.u8(OPERATION[message.operation]).u8(message.hardwareType).u8(message.hardwareAddress.byteLength).u8(message.hops)
  w.u32(message.transactionId).u16(message.seconds)
  w.u16(message.broadcast ? BROADCAST_FLAG : 0)
  for (const address of [message.clientAddress, message.yourAddress, message.nextServer, message.relayAddress]) {
    w.u32(ipv4ToNumber(address))
  }
  writeField(w, message.hardwareAddress, HARDWARE_ADDRESS_BYTES, 'chaddr')
  writeField(w, bytesOfText(message.serverName), SERVER_NAME_BYTES, 'sname')
  writeField(w, bytesOfText(message.bootFile), BOOT_FILE_BYTES, 'file')
  w.u32(MAGIC_COOKIE)
  encodeOptions(w, message.options)
  const bytes = w.zeros(Math.max(0, MINIMUM_BYTES - w.length)).finish()
  if (bytes.buffer === piece.buffer) used += bytes.byteLength
  return bytes
}

/** Messages stand one behind the other in one piece of memory: to get memory for each costs as much as to fill it. */
let piece = new Uint8Array(0)
let used = 0
function room(): Uint8Array {
  if (piece.byteLength - used < USUAL_BYTES) {
    piece = new Uint8Array(64 * USUAL_BYTES)
    used = 0
  }
  return piece.subarray(used, used + USUAL_BYTES)
}

/** Does the text, with its NUL, fit into the `file` field? */
export function fitsBootFile(text: string): boolean {
  return Buffer.byteLength(text) < BOOT_FILE_BYTES
}

function readOperation(r: ByteReader): 'request' | 'reply' {
  const code = r.u8('op')
  if (code === OPERATION.request) return 'request'
  if (code === OPERATION.reply) return 'reply'
  throw r.fail(`op is ${code}, want 1 or 2`, 0)
}

/** A text field ends at its first NUL or where the field ends. */
function textOfField(field: Uint8Array): string {
  const end = field.indexOf(0)
  if (end === 0) return ''
  return new TextDecoder().decode(end < 0 ? field : field.subarray(0, end))
}

function bytesOfText(text: string): Uint8Array {
  return text === '' ? NOTHING : new TextEncoder().encode(text)
}
const NOTHING = new Uint8Array(0)

function writeField(w: ByteWriter, value: Uint8Array, size: number, name: string): void {
  if (value.byteLength > size) throw new RangeError(`Cannot write ${name}: ${value.byteLength} bytes, want ${size}`)
  w.bytes(value).zeros(size - value.byteLength)
}
