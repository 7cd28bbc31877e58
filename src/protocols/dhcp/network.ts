import { broadcastOf, type Cidr, contains, networkOf } from '../../net/cidr.ts'
import { type Ipv4, ipv4ToNumber, isIpv4 } from '../../net/ipv4.ts'
import type { NetworkInterface } from '../../sys/interfaces.ts'
import type { AddressRange } from './lease-pool.ts'

/** Where a DHCP server is to work, as a person wrote it. */
export interface DhcpNetworkWish {
  readonly interface: string
  /** `10.0.0.100-10.0.0.200`; without one only machines with a fixed address are served. */
  readonly range?: string
  /** Which address of the interface is the server's, where it has several. */
  readonly serverAddress?: Ipv4
  /** Fixed addresses of machines, which must be of the same network and not the server's own. */
  readonly fixed?: Iterable<Ipv4>
}

/** The same, checked against the interfaces of the host. */
export interface DhcpNetwork {
  readonly interface: string
  /** The server's address with its network. */
  readonly server: Cidr
  readonly range?: AddressRange
}

/** A wish that does not fit the host. `field` names what to correct, for a caller that knows its line. */
export class DhcpNetworkError extends Error {
  override readonly name = 'DhcpNetworkError'
  readonly field: 'interface' | 'range' | 'serverAddress' | 'fixed'

  constructor(field: DhcpNetworkError['field'], message: string) {
    super(message)
    this.field = field
  }
}

/**
 * Checks where a DHCP server is to work.
 *
 * @throws {DhcpNetworkError} if there is no such interface, it is down or has no address, or the range is reversed,
 *   outside its network, or holds the server's own address
 */
export function checkDhcpNetwork(wish: DhcpNetworkWish, interfaces: readonly NetworkInterface[]): DhcpNetwork {
  const found = findInterface(wish.interface, interfaces)
  const range = wish.range === undefined ? undefined : parseRange(wish.range)
  const server = chooseAddress(found, wish.serverAddress, range)
  if (range !== undefined) checkRange(range, server, found.name)
  for (const address of wish.fixed ?? []) checkFixed(address, server, found.name)
  return { interface: found.name, server, ...(range === undefined ? {} : { range }) }
}

/**
 * Checks a network behind relays, in which this host has no address.
 *
 * @throws {DhcpNetworkError} if the range or the router is outside, or the range holds what no machine may have
 */
export function checkRelayedNetwork(network: Cidr, { first, last }: AddressRange, router?: Ipv4): void {
  const words = `${networkOf(network)}/${network.prefix}`
  const where = `it is outside ${words}, the network behind the relay`
  if (!contains(network, first) || !contains(network, last)) {
    throw new DhcpNetworkError('range', `Cannot use range ${first}-${last}: ${where}`)
  }
  checkUsable({ first, last }, network)
  if (router !== undefined && !contains(network, router)) {
    throw new DhcpNetworkError('fixed', `Cannot use router ${router}: ${where}`)
  }
}

/**
 * Reads `10.0.0.100-10.0.0.200`.
 *
 * @throws {DhcpNetworkError} if it is not two addresses, the lower one first
 */
export function parseRange(text: string): AddressRange {
  const [first = '', last = '', ...rest] = text.split('-').map((part) => part.trim())
  if (rest.length > 0 || !isIpv4(first) || !isIpv4(last)) {
    throw new DhcpNetworkError('range', `Cannot read range "${text}", want FIRST-LAST such as 10.0.0.100-10.0.0.200`)
  }
  if (ipv4ToNumber(first) > ipv4ToNumber(last)) {
    throw new DhcpNetworkError('range', `Cannot use range ${text}: it is reversed, want ${last}-${first}`)
  }
  return { first, last }
}

function findInterface(name: string, interfaces: readonly NetworkInterface[]): NetworkInterface {
  const found = interfaces.find((candidate) => candidate.name === name)
  if (found === undefined) {
    const names = interfaces.map(describeInterface).join(', ')
    throw new DhcpNetworkError('interface', `Cannot serve on interface "${name}": there is none, want one of ${names}`)
  }
  if (!found.up) {
    const text = `Cannot serve on interface ${name}: it is down; switch it on with: ip link set ${name} up`
    throw new DhcpNetworkError('interface', text)
  }
  return found
}

function describeInterface({ name, addresses }: NetworkInterface): string {
  const [address] = addresses
  return address === undefined ? name : `${name} (${address.address}/${address.prefix})`
}

function chooseAddress({ name, addresses }: NetworkInterface, wanted: Ipv4 | undefined, range?: AddressRange): Cidr {
  const [primary] = addresses
  if (primary === undefined) {
    const text = `Cannot serve on interface ${name}: it has no IPv4 address; give it one with: ip addr add ADDRESS/24 dev ${name}`
    throw new DhcpNetworkError('interface', text)
  }
  if (wanted === undefined) {
    return addresses.find((address) => range !== undefined && contains(address, range.first)) ?? primary
  }
  const own = addresses.find(({ address }) => address === wanted)
  if (own !== undefined) return own
  const has = addresses.map(({ address }) => address).join(', ')
  throw new DhcpNetworkError('serverAddress', `Cannot serve as ${wanted}: interface ${name} has ${has}`)
}

function checkRange(range: AddressRange, server: Cidr, name: string): void {
  const { first, last } = range
  const text = `${first}-${last}`
  const network = `${networkOf(server)}/${server.prefix}`
  if (!contains(server, first) || !contains(server, last)) {
    throw new DhcpNetworkError('range', `Cannot use range ${text}: it is outside ${network}, the network of ${name}`)
  }
  if (holds(range, server.address)) {
    const own = `it holds ${server.address}, the server's own address`
    throw new DhcpNetworkError('range', `Cannot use range ${text}: ${own}; leave that out`)
  }
  checkUsable(range, server)
}

/** The two addresses that no machine may have, except in networks of two (RFC 3021). */
function checkUsable(range: AddressRange, network: Cidr): void {
  const unusable = [networkOf(network), broadcastOf(network)].find((address) => holds(range, address))
  if (unusable === undefined || network.prefix >= 31) return
  const text = `no machine may have ${unusable} in ${networkOf(network)}/${network.prefix}`
  throw new DhcpNetworkError('range', `Cannot use range ${range.first}-${range.last}: ${text}`)
}

function checkFixed(address: Ipv4, server: Cidr, name: string): void {
  if (address === server.address) {
    throw new DhcpNetworkError('fixed', `Cannot give ${address} to a machine: it is the server's own address`)
  }
  if (contains(server, address)) return
  const network = `${networkOf(server)}/${server.prefix}`
  throw new DhcpNetworkError(
    'fixed',
    `Cannot give ${address} to a machine: it is outside ${network}, the network of ${name}`,
  )
}

function holds({ first, last }: AddressRange, address: Ipv4): boolean {
  const number = ipv4ToNumber(address)
  return number >= ipv4ToNumber(first) && number <= ipv4ToNumber(last)
}
