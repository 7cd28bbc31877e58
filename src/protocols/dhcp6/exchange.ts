import type { Ipv6 } from '../../net/ipv6.ts'
import type { Dhcp6Client } from './client.ts'
import type { LeaseKey } from './leases.ts'

/** What one machine is told beside its address. Policy makes it; no protocol code knows why. */
export interface Dhcp6Answer {
  readonly leaseSeconds: number
  readonly nameServers?: readonly Ipv6[]
  readonly domainSearch?: readonly string[]
  readonly ntpServers?: readonly Ipv6[]
  /** A URL, RFC 5970 §3.1, sent to who asks for it. */
  readonly bootFile?: string
  /** RFC 5970 §3.2. */
  readonly bootParameters?: readonly string[]
}

/** Says what a machine is told, or nothing if it is not to be served. `link` is an address of its network. */
export type AnswerClient6 = (
  client: Dhcp6Client,
  asked: { readonly key: LeaseKey; readonly link: Ipv6 },
) => Dhcp6Answer | undefined

/** What clients send, RFC 8415 §7.3. */
export type Received6 =
  | 'solicit'
  | 'request'
  | 'confirm'
  | 'renew'
  | 'rebind'
  | 'release'
  | 'decline'
  | 'information-request'

/** What became of a message. `text` is for people. */
export type Outcome6 =
  | { readonly kind: 'offered'; readonly address: Ipv6; readonly leaseSeconds: number; readonly answer: Dhcp6Answer }
  | { readonly kind: 'leased'; readonly address: Ipv6; readonly leaseSeconds: number; readonly answer: Dhcp6Answer }
  /** Settings without an address. */
  | { readonly kind: 'informed'; readonly answer: Dhcp6Answer }
  | { readonly kind: 'confirmed' | 'released' | 'declined'; readonly address?: Ipv6 }
  /** Answered, with a status that says no. */
  | { readonly kind: 'denied'; readonly address?: Ipv6; readonly text: string }
  | { readonly kind: 'ignored'; readonly reason: Ignored6; readonly text: string }
  /** We could not, through no fault of the machine: the lease could not be saved. */
  | { readonly kind: 'failed'; readonly text: string; readonly error: unknown }

export type Ignored6 = 'malformed' | 'not-served' | 'other-server' | 'unknown-network'

/** One message and what became of it: the fleet makes boot events of these. */
export interface Dhcp6Exchange {
  readonly client: Dhcp6Client
  readonly received?: Received6
  /** Whose lease it is: a MAC address, or `duid:…`. */
  readonly key?: LeaseKey
  readonly outcome: Outcome6
}
