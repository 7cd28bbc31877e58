import { linkLocalOf } from '../net/ipv6.ts'
import type { DhcpExchange } from '../protocols/dhcp/exchange.ts'
import { encodeEmptyRouterAdvertisement } from '../protocols/ndp/router-advertisement.ts'

/** Who can reach a neighbour by ICMPv6. */
export interface Neighbours {
  send(message: Uint8Array, target: Uint8Array): boolean
}

/**
 * Where no IPv6 router answers, iPXE waits up to 16 s for one after its DHCP is done. An empty router advertisement to
 * this one machine ends the wait; nobody else hears it, and it advertises nothing.
 */
export function sparesIpv6Wait({ client, outcome }: DhcpExchange, neighbours: Neighbours): void {
  if (client.isIpxe && outcome.kind === 'acknowledged') {
    neighbours.send(encodeEmptyRouterAdvertisement(), linkLocalOf(client.mac))
  }
}
