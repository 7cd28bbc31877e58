import { isIPv6 } from 'node:net'
import { macFromBytes, type Mac, macToBytes } from './mac.ts'

/** An IPv6 address in the one form of RFC 5952: `fd77::1`. */
export type Ipv6 = string

/** An address of either kind; only IPv6's have colons. */
export type IpAddress = string

/** An IPv6 network, or an address together with its network. */
export interface Cidr6 {
  readonly address: Ipv6
  /** Bits of the network part, 0 to 128. */
  readonly prefix: number
}

/**
 * The 16 bytes of the link-local address that a network card makes of its MAC address: fe80::/64 and the modified
 * EUI-64 of RFC 4291 appendix A. Firmware and iPXE use it; systems with stable privacy addresses (RFC 7217) do not.
 */
export function linkLocalOf(mac: Mac): Uint8Array {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = macToBytes(mac)
  return Uint8Array.from([0xfe, 0x80, 0, 0, 0, 0, 0, 0, a ^ 0x02, b, c, 0xff, 0xfe, d, e, f])
}

/** The other way round: the MAC address of a link-local address that was made of one. */
export function macOfLinkLocal(address: Ipv6): Mac | undefined {
  const bytes = ipv6ToBytes(address)
  const [high = 0, low = 0] = bytes
  if (high !== 0xfe || (low & 0xc0) !== 0x80 || bytes[11] !== 0xff || bytes[12] !== 0xfe) return undefined
  const [a = 0] = bytes.subarray(8)
  return macFromBytes(Uint8Array.from([a ^ 0x02, ...bytes.subarray(9, 11), ...bytes.subarray(13)]))
}

/** True for an address without zone and prefix length. */
export function isIpv6(text: string): boolean {
  return isIPv6(text) && !text.includes('%')
}

/**
 * The 16 bytes of an address in any form that RFC 4291 §2.2 allows.
 *
 * @throws {TypeError} if it is none
 */
export function ipv6ToBytes(text: string): Uint8Array {
  if (!isIpv6(text)) throw new TypeError(`Cannot read IPv6 address "${text}", want one such as fd77::1`)
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text)
  const plain =
    dotted === null
      ? text
      : `${dotted[1]}${group(Number(dotted[2]) * 256 + Number(dotted[3]))}:${group(Number(dotted[4]) * 256 + Number(dotted[5]))}`
  const [before = '', after] = plain.split('::')
  const head = groupsIn(before)
  const tail = groupsIn(after ?? '')
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail]
  return Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 255]))
}

function groupsIn(text: string): number[] {
  return text === '' ? [] : text.split(':').map((digits) => Number.parseInt(digits, 16))
}
function group(value: number): string {
  return value.toString(16)
}

/** The text of 16 bytes, RFC 5952 §4: lower case, the longest run of two zero groups or more left out. */
export function ipv6FromBytes(bytes: Uint8Array): Ipv6 {
  const groups = Array.from({ length: 8 }, (_, at) => (bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0))
  const { at, length } = longestZeros(groups)
  const words = groups.map(group)
  return length < 2 ? words.join(':') : `${words.slice(0, at).join(':')}::${words.slice(at + length).join(':')}`
}

function longestZeros(groups: readonly number[]): { readonly at: number; readonly length: number } {
  let best = { at: 0, length: 0 }
  for (let at = 0; at < groups.length; at += 1) {
    let length = 0
    while (groups[at + length] === 0) length += 1
    if (length > best.length) best = { at, length }
  }
  return best
}

/** The one form of an address. @throws {TypeError} if it is none */
export function parseIpv6(text: string): Ipv6 {
  return ipv6FromBytes(ipv6ToBytes(text.trim()))
}

/** The address as a number, 0 to 2^128-1. @throws {TypeError} if it is none */
export function ipv6ToNumber(address: Ipv6): bigint {
  return ipv6ToBytes(address).reduce((value, byte) => value * 256n + BigInt(byte), 0n)
}

/** The address of a number from 0 to 2^128-1. */
export function ipv6FromNumber(value: bigint): Ipv6 {
  return ipv6FromBytes(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))
}

/**
 * Reads `fd77::/64`.
 *
 * @throws {TypeError} if the address or the prefix length is wrong
 */
export function parseCidr6(text: string): Cidr6 {
  const [, address, bits] = /^([^/]+)\/(\d{1,3})$/.exec(text.trim()) ?? []
  const prefix = Number(bits)
  if (address === undefined || prefix > 128 || !isIpv6(address)) {
    throw new TypeError(`Cannot read network "${text}", want fd77::/64`)
  }
  return { address: parseIpv6(address), prefix }
}

/** The first address of the network. */
export function networkOf6({ address, prefix }: Cidr6): Ipv6 {
  const size = 1n << BigInt(128 - prefix)
  return ipv6FromNumber((ipv6ToNumber(address) / size) * size)
}

/** Is the address inside the network? */
export function contains6(network: Cidr6, address: Ipv6): boolean {
  const shift = BigInt(128 - network.prefix)
  return ipv6ToNumber(network.address) >> shift === ipv6ToNumber(address) >> shift
}
