import type { Ipv4 } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'
import type { DhcpAnswer } from './answer.ts'
import type { DhcpClient } from './client.ts'
import { type MessageType, option, readOption } from './options.ts'
import type { DhcpMessage } from './packet.ts'

/** One message and what became of it: the fleet makes boot events of these. */
export interface DhcpExchange {
  readonly client: DhcpClient
  readonly transactionId: number
  /** Seconds since the client began to ask, as it says. */
  readonly secondsSinceStart: number
  /** Absent for plain BOOTP, and where option 53 is malformed. */
  readonly received?: MessageType
  readonly outcome: Outcome
}

/** Why a message got no answer. */
export type IgnoredBecause =
  | 'bootp'
  | 'malformed'
  | 'not-a-request'
  | 'hardware'
  | 'not-served'
  | 'pool-full'
  | 'unknown-network'
  | 'other-server'
  | 'proxy'
  | 'unknown-lease'

/** An address of ours, and who has it without our knowing. */
export interface AddressInUse {
  readonly address: Ipv4
  readonly holder: Mac
}

/** What became of a message. `text` is for people. */
export type Outcome =
  | {
      readonly kind: 'offered'
      readonly address: Ipv4
      readonly leaseSeconds: number
      readonly answer: DhcpAnswer
      /** Addresses that were not offered because somebody uses them who was not given them here. */
      readonly inUse?: readonly AddressInUse[]
    }
  | {
      readonly kind: 'acknowledged'
      readonly state: 'selecting' | 'init-reboot' | 'renewing' | 'rebinding'
      readonly address: Ipv4
      readonly leaseSeconds: number
      readonly answer: DhcpAnswer
    }
  /** What to boot, beside another server's address (proxyDHCP). */
  | { readonly kind: 'boot-offered'; readonly answer: DhcpAnswer }
  | { readonly kind: 'informed' | 'declined' | 'released'; readonly address: Ipv4 }
  | { readonly kind: 'denied'; readonly address: Ipv4; readonly text: string }
  /** We could not, through no fault of the machine: the lease could not be saved, or `answer` threw. */
  | { readonly kind: 'failed'; readonly text: string; readonly error: unknown }
  | {
      readonly kind: 'ignored'
      readonly reason: IgnoredBecause
      readonly text: string
      /** The address that it took there. */
      readonly address?: Ipv4
      /** The other server, where `reason` is `other-server` and the machine took its offer. */
      readonly server?: Ipv4
    }

/** Where a reply goes. */
export interface Destination {
  readonly address: Ipv4
  /** `sender`: where the message came from. */
  readonly port: 'client' | 'server' | 'sender'
}

const NO_ADDRESS = '0.0.0.0'
const EVERYBODY = '255.255.255.255'

/**
 * RFC 2131 §4.1: to the relay; else a NAK to everybody; else to an address the client has; else to everybody, because
 * a client without an address answers no ARP. It may always be broadcast, whatever the B bit says.
 */
export function destinationOf(request: DhcpMessage, reply: DhcpMessage): Destination {
  if (request.relayAddress !== NO_ADDRESS) return { address: request.relayAddress, port: 'server' }
  const isNak = readOption(reply.options, option.messageType) === 'nak'
  const { clientAddress } = request
  // of who claims to have another address than we confirm, that may be a lie: the answer would hit its owner
  const isTheirs = reply.yourAddress === clientAddress || reply.yourAddress === NO_ADDRESS
  if (isNak || clientAddress === NO_ADDRESS || !isTheirs) return { address: EVERYBODY, port: 'client' }
  return { address: clientAddress, port: 'client' }
}
