/** An IPv4 address in dotted form, `10.0.0.1`. */
export type Ipv4 = string

/**
 * The address as a number, 0 to 2^32-1.
 *
 * @throws {TypeError} if it is not four decimal octets
 */
export function ipv4ToNumber(text: Ipv4): number {
  let value = 0
  let octets = 0
  let start = 0
  for (let at = 0; at <= text.length; at += 1) {
    if (at < text.length && text.charCodeAt(at) !== DOT) continue
    const octet = octetOf(text, start, at)
    if (octet < 0 || octets === 4) throw notAnAddress(text)
    value = value * 256 + octet
    octets += 1
    start = at + 1
  }
  if (octets !== 4) throw notAnAddress(text)
  return value
}

const DOT = 46
const [ZERO, NINE] = [48, 57]

/** The number from `start` to `end`, -1 if it is none from 0 to 255. */
function octetOf(text: string, start: number, end: number): number {
  if (end === start || end - start > 3) return -1
  let value = 0
  for (let at = start; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (code < ZERO || code > NINE) return -1
    value = value * 10 + code - ZERO
  }
  return value > 255 ? -1 : value
}

function notAnAddress(text: string): TypeError {
  return new TypeError(`Cannot read IPv4 address "${text}", want four octets such as 192.168.1.10`)
}

/** The dotted form of a number from 0 to 2^32-1. */
export function ipv4FromNumber(value: number): Ipv4 {
  return `${(value >>> 24) & 255}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`
}

/** The dotted form of four bytes. */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4 {
  return `${bytes[0]}.${bytes[1]}.${bytes[2]}.${bytes[3]}`
}

/** The four bytes of an address. */
export function ipv4ToBytes(text: Ipv4): Uint8Array {
  const value = ipv4ToNumber(text)
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value)
}

/** True for four decimal octets. */
export function isIpv4(text: string): boolean {
  try {
    ipv4ToNumber(text)
    return true
  } catch {
    return false
  }
}
