import { type Cidr, contains } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'

/** Finds out who uses an address; undefined for nobody. */
export type FindHolder = (address: Ipv4) => Promise<Mac | undefined>

export interface AddressCheckOptions {
  /** Addresses of other networks, behind relays, cannot be looked for. */
  readonly network: Cidr
  readonly find: FindHolder
  /** Milliseconds of a clock that never jumps; tests bring their own. */
  readonly now?: () => number
}

/** An address that nobody used is believed to be unused for this long: machines try again, and strangers come in floods. */
const BELIEVED_MS = 30_000
const MOST_REMEMBERED = 4096

/** Looks whether an address is in use before it is offered, RFC 2131 §3.1 no. 2, and remembers for a while. */
export class AddressCheck {
  readonly #options: AddressCheckOptions
  readonly #now: () => number
  /** When an address was found unused, the oldest first. */
  readonly #unused = new Map<Ipv4, number>()

  constructor(options: AddressCheckOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Who uses the address, where that is another machine than `own`. */
  async holderOf(address: Ipv4, own: Mac): Promise<Mac | undefined> {
    if (!contains(this.#options.network, address) || this.#isBelieved(address)) return undefined
    const holder = await this.#options.find(address)
    if (holder === undefined) this.#remember(address)
    return holder === own ? undefined : holder
  }

  #isBelieved(address: Ipv4): boolean {
    return (this.#unused.get(address) ?? Number.NEGATIVE_INFINITY) + BELIEVED_MS > this.#now()
  }
  #remember(address: Ipv4): void {
    this.#unused.delete(address)
    this.#unused.set(address, this.#now())
    const [oldest] = this.#unused.keys()
    if (this.#unused.size > MOST_REMEMBERED && oldest !== undefined) this.#unused.delete(oldest)
  }
}
