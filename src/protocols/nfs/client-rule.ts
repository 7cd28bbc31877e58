import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { Peer } from '../rpc/program.ts'
import type { Grant, Policy } from './policy.ts'

/** Which machines a grant is for: addresses and networks. None: all machines. */
export class ClientRule {
  readonly #list = new BlockList()
  /** True if it can only be one machine. */
  readonly isOne: boolean
  readonly #isAll: boolean
  readonly #known = new WeakMap<Peer, boolean>()

  /**
   * @param clients `10.0.0.5`, `10.0.0.0/24`, `fd00::/64`
   * @throws {TypeError} if one of them is neither address nor network
   */
  constructor(clients: readonly string[]) {
    this.#isAll = clients.length === 0
    for (const client of clients) this.#add(client)
    this.isOne = clients.length === 1 && !(clients[0] ?? '').includes('/')
  }

  /** Asked at every call, so it is looked up once per connection. */
  has(peer: Peer): boolean {
    if (this.#isAll) return true
    const known = this.#known.get(peer)
    if (known !== undefined) return known
    const has = this.#list.check(peer.address, isIPv6(peer.address) ? 'ipv6' : 'ipv4')
    this.#known.set(peer, has)
    return has
  }

  #add(client: string): void {
    const [address = '', bits, ...more] = client.split('/')
    const family = isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined
    const most = family === 'ipv4' ? 32 : 128
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
    if (family === undefined || more.length > 0 || !(prefix >= 0 && prefix <= most)) {
      throw new TypeError(`"${client}" is no client, want an address or a network such as 10.0.0.0/24`)
    }
    this.#list.addSubnet(address, prefix, family)
  }
}

/** Grants this to the machines of a rule and nothing to others. */
export function grantTo(rule: ClientRule, grant: Grant): Policy {
  return (client) => (rule.has(client) ? grant : undefined)
}
