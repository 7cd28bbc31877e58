import { ByteWriter } from '../../wire/writer.ts'

const ROUTER_ADVERTISEMENT = 134

/**
 * A router advertisement that advertises nothing: no router (lifetime 0), no prefix, no DHCPv6. RFC 4861 §4.2:
 *
 *     | type 134 | code 0 | checksum | hop limit 0 | flags 0 | lifetime 0 | reachable 0 | retransmit 0 |
 *
 * Zero is "unspecified by this router" in every field, so a host that hears it changes nothing. The kernel fills in the
 * checksum.
 */
export function encodeEmptyRouterAdvertisement(): Uint8Array {
  return new ByteWriter(16)
    .u8(ROUTER_ADVERTISEMENT)
    .u8(0) // code
    .u16(0) // checksum
    .u8(0) // current hop limit
    .u8(0) // neither M nor O: no DHCPv6
    .u16(0) // router lifetime in seconds: not a default router
    .u32(0) // reachable time
    .u32(0) // retransmission timer
    .finish()
}
