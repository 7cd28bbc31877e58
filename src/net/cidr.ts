import { type Ipv4, ipv4FromNumber, ipv4ToNumber } from './ipv4.ts'

/** An IPv4 network, or an interface's address together with its network. */
export interface Cidr {
  readonly address: Ipv4
  /** Bits of the network part, 0 to 32. */
  readonly prefix: number
}

/**
 * Reads `10.0.0.1/24`.
 *
 * @throws {TypeError} if the address or the prefix length is wrong
 */
export function parseCidr(text: string): Cidr {
  const match = /^([^/]+)\/(\d{1,2})$/.exec(text.trim())
  const prefix = Number(match?.[2])
  if (match?.[1] === undefined || prefix > 32) throw new TypeError(`Cannot read network "${text}", want 10.0.0.1/24`)
  return { address: ipv4FromNumber(ipv4ToNumber(match[1])), prefix }
}

/** The network mask, `255.255.255.0`. */
export function netmaskOf({ prefix }: Cidr): Ipv4 {
  return ipv4FromNumber(2 ** 32 - 2 ** (32 - prefix))
}

/** The first address of the network. */
export function networkOf({ address, prefix }: Cidr): Ipv4 {
  const size = 2 ** (32 - prefix)
  return ipv4FromNumber(Math.floor(ipv4ToNumber(address) / size) * size)
}

/** The last address of the network. */
export function broadcastOf(cidr: Cidr): Ipv4 {
  return ipv4FromNumber(ipv4ToNumber(networkOf(cidr)) + 2 ** (32 - cidr.prefix) - 1)
}

/** Is the address inside the network? */
export function contains(cidr: Cidr, address: Ipv4): boolean {
  const size = 2 ** (32 - cidr.prefix)
  return Math.floor(ipv4ToNumber(address) / size) === Math.floor(ipv4ToNumber(cidr.address) / size)
}
