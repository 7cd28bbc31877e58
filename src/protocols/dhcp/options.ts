import { WireError } from '../../wire/error.ts'
import { decodeDomainSearch, encodeDomainSearch } from './domain-search.ts'
import { decodeUuid, encodeUuid } from './uuid.ts'
import {
  addressesOption,
  addressOption,
  bytesOption,
  codec,
  encapsulatedOption,
  type OptionCodec,
  routesOption,
  textOption,
  u16ListOption,
  u16Option,
  u32Option,
  u8ListOption,
  userClassOption,
} from './option-codecs.ts'
import type { RawOptions } from './packet.ts'

/** What option 53 says, RFC 2132 §9.6. */
export const MESSAGE_TYPES = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const
export type MessageType = keyof typeof MESSAGE_TYPES
/** The first has number 1. */
const TYPE_NAMES = Object.keys(MESSAGE_TYPES) as MessageType[]

/** The options we read or send, RFC 2132 where nothing else is said. */
export const option = {
  subnetMask: addressOption(1, 'subnet mask'),
  routers: addressesOption(3, 'routers'),
  nameServers: addressesOption(6, 'name servers'),
  hostName: textOption(12, 'host name'),
  domainName: textOption(15, 'domain name'),
  rootPath: textOption(17, 'root path'),
  /** Bytes. */
  mtu: u16Option(26, 'interface MTU'),
  broadcastAddress: addressOption(28, 'broadcast address'),
  ntpServers: addressesOption(42, 'NTP servers'),
  vendorSpecific: encapsulatedOption(43, 'vendor specific'),
  requestedAddress: addressOption(50, 'requested address'),
  /** Seconds. */
  leaseTime: u32Option(51, 'lease time'),
  messageType: messageTypeOption(),
  serverIdentifier: addressOption(54, 'server identifier'),
  parameterRequestList: u8ListOption(55, 'parameter request list'),
  message: textOption(56, 'message'),
  /** Bytes of the IP datagram, at least 576. */
  maximumMessageSize: u16Option(57, 'maximum message size'),
  /** Seconds until the client renews (T1). */
  renewalTime: u32Option(58, 'renewal time'),
  /** Seconds until the client asks any server (T2). */
  rebindingTime: u32Option(59, 'rebinding time'),
  vendorClass: textOption(60, 'vendor class'),
  clientIdentifier: bytesOption(61, 'client identifier'),
  tftpServerName: textOption(66, 'TFTP server name'),
  bootFileName: textOption(67, 'boot file name'),
  userClass: userClassOption(77, 'user class'), // RFC 3004
  relayAgent: encapsulatedOption(82, 'relay agent information'), // RFC 3046; echoed byte by byte
  architectures: u16ListOption(93, 'client architecture'), // RFC 4578 §2.1
  /** UNDI version: type 1, major, minor. */
  networkInterface: u8ListOption(94, 'client network interface'), // RFC 4578 §2.2
  uuid: codec(97, 'client UUID', decodeUuid, encodeUuid), // RFC 4578 §2.3
  subnetSelection: addressOption(118, 'subnet selection'), // RFC 3011
  domainSearch: domainSearchOption(),
  classlessRoutes: routesOption(121, 'classless static routes'), // RFC 3442
  ipxe: encapsulatedOption(175, 'iPXE'), // ipxe.org/howto/dhcpd#ipxe-specific_options
} as const

/** Options inside option 175. */
export const IPXE = {
  /** To iPXE: 1 says not to wait for a proxyDHCP server. */
  noProxyDhcp: 176,
  /** From iPXE: 1 for PCI, then vendor and device. */
  busId: 177,
  /** Features, present when this iPXE was built with them. */
  http: 19,
  https: 20,
  tftp: 21,
  bzImage: 24,
  efi: 36,
  menu: 39,
} as const

/** Options inside option 82. */
export const RELAY_AGENT = {
  /** An address of the network that the client is in, where it is not the relay's: RFC 3527. */
  linkSelection: 5,
  /** What the client is to take for our address, so that it renews through the relay: RFC 5107. */
  serverIdentifier: 11,
} as const

/**
 * The value of an option, or undefined when it is absent.
 *
 * @throws {WireError} if it is malformed
 */
export function requireValid<T>(options: RawOptions, { code, decode }: OptionCodec<T>): T | undefined {
  const bytes = options.get(code)
  return bytes === undefined ? undefined : decode(bytes)
}

/** The value of an option that we can do without: a malformed one counts as absent. */
export function readOption<T>(options: RawOptions, wanted: OptionCodec<T>): T | undefined {
  try {
    return requireValid(options, wanted)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

/** One entry for the map of raw options. */
export function rawOption<T>({ code, encode }: OptionCodec<T>, value: T): readonly [number, Uint8Array] {
  return [code, encode(value)]
}

function messageTypeOption(): OptionCodec<MessageType> {
  const name = 'message type'
  return codec(
    53,
    name,
    (r) => {
      const found = r.u8(name)
      const known = TYPE_NAMES[found - 1]
      if (known === undefined) throw r.fail(`type is ${found}, want 1 to 8`, 0)
      return known
    },
    (w, value) => w.u8(MESSAGE_TYPES[value]),
  )
}

function domainSearchOption(): OptionCodec<readonly string[]> {
  return { code: 119, name: 'domain search', decode: decodeDomainSearch, encode: encodeDomainSearch }
}
