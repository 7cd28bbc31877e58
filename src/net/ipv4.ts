/** An IPv4 address in dotted form, `10.0.0.1`. */
export type Ipv4 = string

/**
 * The address as a number, 0 to 2^32-1.
 *
 * @throws {TypeError} if it is not four decimal octets
 */
export function ipv4ToNumber(text: Ipv4): number {
  const octets = text.split('.')
  const bad = octets.length !== 4 || octets.some((octet) => !/^\d{1,3}$/.test(octet) || Number(octet) > 255)
  if (bad) throw new TypeError(`Cannot read IPv4 address "${text}", want four octets such as 192.168.1.10`)
  return octets.reduce((sum, octet) => sum * 256 + Number(octet), 0)
}

/** The dotted form of a number from 0 to 2^32-1. */
export function ipv4FromNumber(value: number): Ipv4 {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')
}

/** The dotted form of four bytes. */
export function ipv4FromBytes(bytes: Uint8Array): Ipv4 {
  return Array.from(bytes).join('.')
}

/** The four bytes of an address. */
export function ipv4ToBytes(text: Ipv4): Uint8Array {
  return Uint8Array.from(text.split('.').map(Number))
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
