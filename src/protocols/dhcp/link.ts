import { type Ipv4, ipv4FromBytes } from '../../net/ipv4.ts'
import { option, readOption, RELAY_AGENT } from './options.ts'
import type { DhcpMessage } from './packet.ts'

const NO_ADDRESS = '0.0.0.0'

/**
 * An address of the network that a client is in, as its relay or it itself says: link selection (RFC 3527 §3) before
 * subnet selection (RFC 3011) before the address of the relay. Undefined where nothing is said.
 */
export function linkOf({ relayAddress, options }: DhcpMessage): Ipv4 | undefined {
  const isRelayed = relayAddress !== NO_ADDRESS
  // without a relay the suboption is a claim of the client, which has option 118 for that
  const selected = isRelayed ? relayAddressIn(options, RELAY_AGENT.linkSelection) : undefined
  return selected ?? readOption(options, option.subnetSelection) ?? (isRelayed ? relayAddress : undefined)
}

/** What the client is to take for the address of the server: the relay may put itself there (RFC 5107 §4). */
export function serverIdentifierFor({ relayAddress, options }: DhcpMessage, serverAddress: Ipv4): Ipv4 {
  if (relayAddress === NO_ADDRESS) return serverAddress
  return relayAddressIn(options, RELAY_AGENT.serverIdentifier) ?? serverAddress
}

function relayAddressIn(options: DhcpMessage['options'], code: number): Ipv4 | undefined {
  const bytes = readOption(options, option.relayAgent)?.get(code)
  return bytes?.byteLength === 4 ? ipv4FromBytes(bytes) : undefined
}
