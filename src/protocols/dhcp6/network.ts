import { type Cidr6, contains6, type Ipv6, ipv6ToNumber, isIpv6, networkOf6, parseIpv6 } from '../../net/ipv6.ts'
import type { AddressRange } from '../dhcp/lease-pool.ts'
import { MOST_ADDRESSES } from './leases.ts'

/** A wish that does not fit. `field` names what to correct, for a caller that knows its line. */
export class Dhcp6NetworkError extends Error {
  override readonly name = 'Dhcp6NetworkError'
  readonly field: 'prefix' | 'range' | 'address'

  constructor(field: Dhcp6NetworkError['field'], message: string) {
    super(message)
    this.field = field
  }
}

/**
 * Reads `fd77::100-fd77::1ff`.
 *
 * @throws {TypeError} if it is not two addresses, the lower one first, or holds more than 65536
 */
export function parseRange6(text: string): AddressRange {
  const [from = '', to = '', ...rest] = text.split('-').map((part) => part.trim())
  if (rest.length > 0 || !isIpv6(from) || !isIpv6(to)) {
    throw new TypeError(`Cannot read range "${text}", want FIRST-LAST such as fd77::100-fd77::1ff`)
  }
  const [first, last] = [parseIpv6(from), parseIpv6(to)]
  const size = ipv6ToNumber(last) - ipv6ToNumber(first) + 1n
  if (size < 1n) throw new TypeError(`Cannot use range ${text}: it is reversed, want ${last}-${first}`)
  if (size > BigInt(MOST_ADDRESSES)) {
    throw new TypeError(`Cannot use range ${text}: it has more than ${MOST_ADDRESSES} addresses, want a part of it`)
  }
  return { first, last }
}

/** @throws {Dhcp6NetworkError} if the range is outside the network */
export function checkRange6(network: Cidr6, { first, last }: AddressRange): void {
  if (contains6(network, first) && contains6(network, last)) return
  const words = `${networkOf6(network)}/${network.prefix}`
  throw new Dhcp6NetworkError('range', `Cannot use range ${first}-${last}: it is outside ${words}`)
}

/**
 * The server's own address in a network.
 *
 * @param own what the interface has
 * @param wanted one of them, where it has several in that network
 * @throws {Dhcp6NetworkError} if the interface has no such address
 */
export function serverAddress6(name: string, network: Cidr6, own: readonly Cidr6[], wanted?: Ipv6): Ipv6 {
  const inside = own.map(({ address }) => address).filter((address) => contains6(network, address))
  const found = wanted === undefined ? inside[0] : inside.find((address) => address === wanted)
  if (found !== undefined) return found
  const has = own.length === 0 ? 'no IPv6 address' : own.map(({ address }) => address).join(', ')
  const what = wanted ?? `one of ${networkOf6(network)}/${network.prefix}`
  throw new Dhcp6NetworkError(
    wanted === undefined ? 'prefix' : 'address',
    `Cannot serve IPv6 on ${name}: it has ${has}, want ${what}: ip address add ADDRESS/64 dev ${name}`,
  )
}
