import type { Ipv4 } from '../net/ipv4.ts'
import type { At } from './event-at.ts'
import type { Speaker } from './machine.ts'

/* What DHCP says of a boot. */

interface Dhcp extends At {
  readonly speaker: Speaker
}

/** A machine asks who is there. */
interface DhcpDiscover extends Dhcp {
  readonly type: 'dhcp.discover'
  /** DHCP option 93. */
  readonly architecture?: number
  /** It asks for an IPv6 address, by DHCPv6. */
  readonly ipv6?: true
  readonly busId?: string
  /** The relay that passed it on. */
  readonly relay?: Ipv4
}

/** We offered an address. */
interface DhcpOffer extends Dhcp {
  readonly type: 'dhcp.offer'
  readonly address: Ipv4
  /** File name or URL; missing where the machine was told none. */
  readonly bootFile?: string
}

/** The machine requested the address and we confirmed it: it has a lease, or renewed it. */
interface DhcpAck extends Dhcp {
  readonly type: 'dhcp.ack'
  readonly address: Ipv4
  readonly leaseSeconds: number
  readonly bootFile?: string
}

/** The machine requested an address that it cannot have. */
interface DhcpNak extends Dhcp {
  readonly type: 'dhcp.nak'
  readonly address: Ipv4
  readonly reason: string
}

/** We gave no answer: no address free, no loader for its architecture, machines nobody named are ignored. */
interface DhcpUnanswered extends Dhcp {
  readonly type: 'dhcp.unanswered'
  readonly reason: string
}

/** Another DHCP server: the machine chose its offer, or it was heard answering. */
interface DhcpOtherServer extends Dhcp {
  readonly type: 'dhcp.other-server'
  readonly server: Ipv4
  /** The address that the other server gave, where it is known. */
  readonly address?: Ipv4
}

export type DhcpEvent = DhcpDiscover | DhcpOffer | DhcpAck | DhcpNak | DhcpUnanswered | DhcpOtherServer
