import { type Ipv4, ipv4FromBytes, ipv4ToBytes } from './ipv4.ts'
import { type Mac, macFromBytes, macToBytes } from './mac.ts'

/** Who says in an ARP packet that an address is its own. */
export interface ArpSender {
  readonly mac: Mac
  readonly address: Ipv4
}

/** Ethernet, IPv4, addresses of 6 and 4 bytes: RFC 826. */
const HEADER = [0, 1, 8, 0, 6, 4]
const OPERATION_REQUEST = 1
const PACKET_BYTES = 28

/**
 * An ARP probe, RFC 5227 §2.1.1: a request for `address` whose own address is left open, so that nobody enters us in
 * its table.
 *
 *     | header 6 | operation 2 | sender MAC 6 | sender address 4 | target MAC 6 | target address 4 |
 */
export function encodeArpProbe(own: Mac, address: Ipv4): Uint8Array {
  const packet = new Uint8Array(PACKET_BYTES)
  packet.set([...HEADER, 0, OPERATION_REQUEST])
  packet.set(macToBytes(own), 8)
  packet.set(ipv4ToBytes(address), 24)
  return packet
}

/** The sender of an ARP packet, of a request as of a reply; undefined for other packets and for probes. */
export function decodeArpSender(packet: Uint8Array): ArpSender | undefined {
  if (packet.byteLength < PACKET_BYTES || HEADER.some((byte, at) => packet[at] !== byte)) return undefined
  const address = ipv4FromBytes(packet.subarray(14, 18))
  return address === '0.0.0.0' ? undefined : { mac: macFromBytes(packet.subarray(8, 14)), address }
}
