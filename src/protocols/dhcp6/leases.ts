import { type Cidr6, contains6, type Ipv6, ipv6FromNumber, ipv6ToNumber } from '../../net/ipv6.ts'
import type { Binding, LeaseClient, Offer } from '../dhcp/lease-book.ts'
import { type AddressRange, type Lease, LeasePool, type LeasePoolOptions, type Numbering } from '../dhcp/lease-pool.ts'

/** One network whose machines are told what to boot. */
export interface Subnet6 {
  readonly network: Cidr6
  /** Without one only machines with a fixed address are given one; the others make theirs themselves (SLAAC). */
  readonly range?: AddressRange
}

export interface Dhcp6LeasesOptions extends Pick<LeasePoolOptions, 'store' | 'now'> {
  readonly subnets: readonly Subnet6[]
  /** The server's own, which nobody is given, by MAC address. */
  readonly own?: ReadonlyMap<string, Ipv6>
  /** Addresses of known machines, by MAC address. */
  readonly fixed?: ReadonlyMap<string, Ipv6>
}

/** Who a lease belongs to: the MAC address of a machine where it is known, else `duid:` and the DUID. */
export type LeaseKey = string

/** Of one pool: strangers who ask for all of them must not fill the memory. */
export const MOST_ADDRESSES = 65_536

/**
 * Several networks, each with a pool of its own. The pool is that of DHCPv4: one machine has one address in a network,
 * whatever its firmware, initramfs and system call themselves.
 */
export class Dhcp6Leases {
  readonly #pools: readonly { readonly subnet: Subnet6; readonly pool: LeasePool }[]
  readonly #own: ReadonlyMap<string, Ipv6>
  /** Whose DUID it was, newest last. */
  readonly #keys = new Map<string, LeaseKey>()

  constructor({ subnets, own: own6 = new Map(), fixed = new Map(), store, now }: Dhcp6LeasesOptions) {
    this.#own = own6
    const leases = store?.load() ?? []
    this.#pools = subnets.map((subnet) => {
      const { network, range } = subnet
      const own = leases.filter(({ address }) => contains6(network, address))
      const options = {
        ...(range === undefined ? {} : { range }),
        ...(now === undefined ? {} : { now }),
        numbering: numberingFrom(range?.first ?? network.address),
        fixed: fixedIn(subnet, fixed, own6),
        store: {
          load: () => own,
          save: (lease: Lease, left?: Ipv6) => store?.save(lease, left) ?? Promise.resolve(),
        },
      }
      return { subnet, pool: new LeasePool(options) }
    })
    for (const { mac, clientId } of leases) if (clientId !== undefined) this.remember(clientId, mac)
  }

  /** Replaces the fixed addresses, after the configuration changed. Leases in force stay as they are. */
  setFixed(fixed: ReadonlyMap<string, Ipv6>): void {
    for (const { subnet, pool } of this.#pools) pool.setFixed(fixedIn(subnet, fixed, this.#own))
  }
  /** The network that an address is in. */
  networkOf(link: Ipv6): Subnet6 | undefined {
    return this.#at(link)?.subnet
  }
  /** Whose DUID this was. */
  keyOf(duid: string): LeaseKey | undefined {
    return this.#keys.get(duid)
  }
  /** Notes whose DUID this is. */
  remember(duid: string, key: LeaseKey): void {
    this.#keys.delete(duid)
    this.#keys.set(duid, key)
    const [oldest] = this.#keys.keys()
    if (this.#keys.size > MOST_REMEMBERED && oldest !== undefined) this.#keys.delete(oldest)
  }
  /** All leases that machines hold now. */
  active(): Lease[] {
    return this.#pools.flatMap(({ pool }) => pool.active())
  }

  offer(client: LeaseClient & { readonly link: Ipv6 }, wanted: Ipv6 | undefined): Offer {
    const found = this.#at(client.link)
    if (found === undefined) return { refused: 'unknown-network', text: `no network with ${client.link} is configured` }
    return found.pool.offer(client, wanted)
  }
  /** @throws the error of the store; nothing is bound then */
  async bind(client: LeaseClient, address: Ipv6, seconds: number, adopt: boolean): Promise<Binding> {
    return (await this.#at(address)?.pool.bind(client, address, seconds, { adopt })) ?? 'unknown'
  }
  async release(key: LeaseKey, address: Ipv6): Promise<void> {
    await this.#at(address)?.pool.release(key, address)
  }
  async decline(key: LeaseKey, address: Ipv6): Promise<void> {
    await this.#at(address)?.pool.decline(key, address)
  }

  #at(address: Ipv6): { readonly subnet: Subnet6; readonly pool: LeasePool } | undefined {
    return this.#pools.find(({ subnet }) => contains6(subnet.network, address))
  }
}

function fixedIn(
  { network }: Subnet6,
  named: ReadonlyMap<string, Ipv6>,
  own: ReadonlyMap<string, Ipv6>,
): Map<string, Ipv6> {
  return new Map([...named, ...own].filter(([, address]) => contains6(network, address)))
}

const MOST_REMEMBERED = 10_000

/** Counts from one address on; what is farther away than a pool is long has a number outside of any. */
function numberingFrom(first: Ipv6): Numbering {
  const base = ipv6ToNumber(first)
  return {
    toNumber: (address) => Number(ipv6ToNumber(address) - base),
    fromNumber: (value) => ipv6FromNumber(base + BigInt(value)),
  }
}
