import { type Cidr, contains } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'
import type { Binding, LeaseBook, LeaseClient, Offer } from './lease-book.ts'
import { type AddressRange, type Lease, LeasePool, type LeasePoolOptions } from './lease-pool.ts'

/** One network whose machines are given addresses, at an interface of this host or behind a relay. */
export interface Subnet {
  /** Any address of it, with the length of its prefix. */
  readonly network: Cidr
  /** Without one only machines with a fixed address are served. */
  readonly range?: AddressRange
}

export interface SubnetLeasesOptions extends Pick<LeasePoolOptions, 'fixed' | 'store' | 'now'> {
  /** Of networks inside of each other the smallest counts. */
  readonly subnets: readonly Subnet[]
}

/**
 * Several networks, each with a pool of its own: a machine that is carried from one to the other gets an address there
 * and finds its old one when it returns. A card with VLANs, whose MAC is in several at once, has one in each.
 */
export class SubnetLeases implements LeaseBook {
  readonly #pools: readonly { readonly network: Cidr; readonly pool: LeasePool }[]
  readonly #networks: readonly Subnet[]

  constructor({ subnets, fixed = new Map(), store, now }: SubnetLeasesOptions) {
    const networks = subnets.toSorted((a, b) => b.network.prefix - a.network.prefix)
    this.#networks = networks
    const isIn = (subnet: Subnet, address: Ipv4): boolean => subnet === subnetOf(networks, address)
    const leases = store?.load() ?? []
    this.#pools = networks.map((subnet) => {
      const own = {
        ...(subnet.range === undefined ? {} : { range: subnet.range }),
        ...(now === undefined ? {} : { now }),
        fixed: new Map([...fixed].filter(([, address]) => isIn(subnet, address))),
        store: {
          load: () => leases.filter(({ address }) => isIn(subnet, address)),
          save: (lease: Lease, left?: Ipv4) => store?.save(lease, left) ?? Promise.resolve(),
        },
      }
      return { network: subnet.network, pool: new LeasePool(own) }
    })
  }

  /** Replaces the fixed addresses, after the configuration changed. Leases in force stay as they are. */
  setFixed(fixed: ReadonlyMap<Mac, Ipv4>): void {
    for (const [index, { pool }] of this.#pools.entries()) {
      const own = [...fixed].filter(([, address]) => subnetOf(this.#networks, address) === this.#networks[index])
      pool.setFixed(new Map(own))
    }
  }

  /** All leases that a machine holds now, network by network. */
  active(): Lease[] {
    return this.#pools.flatMap(({ pool }) => pool.active())
  }
  /** The lease of an address, in force or not. */
  leaseAt(address: Ipv4): Lease | undefined {
    return this.#poolOf(address)?.leaseAt(address)
  }

  serves(link: Ipv4): boolean {
    return this.#poolOf(link) !== undefined
  }
  offer(client: LeaseClient, wanted: Ipv4 | undefined): Offer {
    return this.#poolFor(client)?.offer(client, wanted) ?? { refused: 'unknown-network', text: noNetwork(client) }
  }
  async bind(client: LeaseClient, address: Ipv4, seconds: number, options = {}): Promise<Binding> {
    return (await this.#poolOf(address)?.bind(client, address, seconds, options)) ?? 'unknown'
  }
  withdraw(client: LeaseClient): void {
    this.#poolFor(client)?.withdraw(client)
  }
  async release(mac: Mac, address: Ipv4): Promise<void> {
    await this.#poolOf(address)?.release(mac, address)
  }
  async decline(mac: Mac, address: Ipv4): Promise<void> {
    await this.#poolOf(address)?.decline(mac, address)
  }
  async quarantine(address: Ipv4, holder: Mac): Promise<void> {
    await this.#poolOf(address)?.quarantine(address, holder)
  }

  #poolFor({ link }: LeaseClient): LeasePool | undefined {
    return link === undefined ? undefined : this.#poolOf(link)
  }
  #poolOf(address: Ipv4): LeasePool | undefined {
    return subnetOf(this.#pools, address)?.pool
  }
}

/** The first that holds the address. */
function subnetOf<T extends { readonly network: Cidr }>(subnets: readonly T[], address: Ipv4): T | undefined {
  return subnets.find(({ network }) => contains(network, address))
}

function noNetwork({ link }: LeaseClient): string {
  return `no network with ${link ?? 'its address'} is configured`
}
