import { type Cidr, networkOf } from '../net/cidr.ts'
import { ipv4FromNumber, ipv4ToNumber } from '../net/ipv4.ts'
import { listInterfaces } from '../sys/interfaces.ts'

/** What the default netroot.yaml says of the network. */
export interface GuessedNetwork {
  readonly interface: string
  /** `10.0.0.100-10.0.0.199`. */
  readonly range: string
}

/** In a network of fewer than eight addresses nobody has a pool. */
const LONGEST_PREFIX = 29

/**
 * The interface that machines are most likely on: the last one that is up and has an IPv4 address, because the first
 * usually leads to the Internet.
 *
 * @throws {Error} if no interface has an address
 */
export async function guessNetwork(): Promise<GuessedNetwork> {
  const usable = (await listInterfaces()).flatMap(({ name, up, loopback, addresses }) => {
    const network = addresses.find(({ prefix }) => prefix <= LONGEST_PREFIX)
    return up && !loopback && network !== undefined ? [{ interface: name, range: guessRange(network) }] : []
  })
  const found = usable.at(-1)
  if (found !== undefined) return found
  throw new Error('No network interface is up and has an IPv4 address; give one an address, then call this again')
}

/** A stretch in the upper half of the network, without the server's own address. */
export function guessRange(network: Cidr): string {
  const size = 2 ** (32 - network.prefix)
  const base = ipv4ToNumber(networkOf(network))
  const first = base + Math.max(1, Math.floor(size * 0.4))
  const last = Math.min(base + size - 2, first + Math.max(1, Math.floor(size * 0.4)) - 1, first + 999)
  const own = ipv4ToNumber(network.address)
  if (own < first || own > last) return `${ipv4FromNumber(first)}-${ipv4FromNumber(last)}`
  return own - first > last - own
    ? `${ipv4FromNumber(first)}-${ipv4FromNumber(own - 1)}`
    : `${ipv4FromNumber(own + 1)}-${ipv4FromNumber(last)}`
}
