import type { Ipv4 } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'

/** Who asks for an address. The hardware address is the key, whatever client identifier is sent (RFC 2131 §4.2). */
export interface LeaseClient {
  readonly mac: Mac
  readonly clientId?: string
  readonly hostName?: string
  /** Any address of the network it is in, such as the relay's: it needs an address of that network. */
  readonly link?: Ipv4
}

/**
 * An address for a machine, or why there is none, in words. It is `fresh` when this machine did not hold it until now:
 * then somebody else may use it without asking us.
 */
export type Offer =
  | { readonly address: Ipv4; readonly fresh: boolean }
  | { readonly refused: 'pool-full' | 'unknown-network'; readonly text: string }

/**
 * What became of a wish to keep an address: `bound` and on disk; `unknown` to us, so another server may have given it;
 * `taken` by another machine; `other` than the one this machine has here.
 */
export type Binding = 'bound' | 'unknown' | 'taken' | 'other'

/** Who has which address. One machine has one address in each network. */
export interface LeaseBook {
  /** Are there addresses for the network of this address? */
  serves(link: Ipv4): boolean
  /** Picks an address and holds it for a short time. `wanted` is taken if it is this machine's or free. */
  offer(client: LeaseClient, wanted: Ipv4 | undefined): Offer
  /**
   * Binds an address that this machine was offered or has. With `adopt`, also one that is free and ours to give: the
   * client has it in use (RFC 2131 §4.3.2, RENEWING), we forgot. Resolves when the lease is on disk.
   *
   * @throws the error of the store; nothing is bound then
   */
  bind(client: LeaseClient, address: Ipv4, seconds: number, options?: { readonly adopt?: boolean }): Promise<Binding>
  /** The machine took another server's offer: ours is free again. */
  withdraw(client: LeaseClient): void
  /** The machine gives its address back. It gets the same one if it returns soon enough. */
  release(mac: Mac, address: Ipv4): Promise<void>
  /** The machine found the address in use by somebody else: it is put aside. */
  decline(mac: Mac, address: Ipv4): Promise<void>
  /** We found an address that is not leased in use by somebody who never asked: it is put aside. */
  quarantine(address: Ipv4, holder: Mac): Promise<void>
}
