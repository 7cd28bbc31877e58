import { type Ipv6, ipv6ToBytes, linkLocalOf, ipv6FromBytes } from '../../net/ipv6.ts'
import type { Mac } from '../../net/mac.ts'
import { ByteWriter } from '../../wire/writer.ts'
import { duidOfMac } from './duid.ts'
import type { Dhcp6Answer } from './exchange.ts'
import { Dhcp6Leases, type Dhcp6LeasesOptions } from './leases.ts'
import { decodeIaNa, encodeIaNa, OPTION, rawOption, valueOf } from './options.ts'
import { type Dhcp6Datagram, type RawOption, type Relay } from './packet.ts'
import { type Dhcp6Context, type Handled6, handleDatagram } from './session.ts'

/* What unit tests ask the session with. */

export const SERVER_DUID = duidOfMac('52:54:00:00:00:01')
export const MAC: Mac = '52:54:00:77:00:07'
export const HOME = { network: { address: 'fd77::', prefix: 64 }, range: { first: 'fd77::100', last: 'fd77::103' } }
export const FAR = { network: { address: 'fd79::', prefix: 64 }, range: { first: 'fd79::100', last: 'fd79::103' } }
export const ANSWER: Dhcp6Answer = {
  leaseSeconds: 1000,
  nameServers: ['fd77::53'],
  domainSearch: ['lab.example'],
  ntpServers: ['fd77::123'],
  bootFile: 'tftp://[fd77::1]/snponly.efi',
  bootParameters: ['one', 'two'],
}

export function serverOf(options: Partial<Dhcp6LeasesOptions> = {}, answer: Dhcp6Answer = ANSWER): Dhcp6Context {
  const leases = new Dhcp6Leases({ subnets: [HOME, FAR], now: () => 0, ...options })
  return { serverDuid: SERVER_DUID, link: 'fd77::1', leases, answer: () => answer }
}

export interface AskOptions {
  readonly mac?: Mac
  readonly duid?: Uint8Array
  /** The address in its IA_NA, which has none if that is ''; null for a message without IA_NA. */
  readonly address?: Ipv6 | null
  readonly iaid?: number
  /** Names the server. */
  readonly toServer?: boolean
  readonly more?: readonly RawOption[]
  readonly relays?: readonly Relay[]
  /** What it asks for. */
  readonly wants?: readonly number[]
}

/** A message of a machine that asks from the link-local address of its card. */
export function messageOf(type: number, options: AskOptions = {}): Dhcp6Datagram {
  const {
    mac = MAC,
    address = '',
    iaid = 1,
    toServer = false,
    more = [],
    relays = [],
    wants = [23, 24, 56, 59, 60],
  } = options
  const addresses = address === '' || address === null ? [] : [{ address, preferredSeconds: 0, validSeconds: 0 }]
  const ia = address === null ? [] : [encodeIaNa({ iaid, renewSeconds: 0, rebindSeconds: 0, addresses })]
  const all = [
    { code: OPTION.clientId, value: options.duid ?? duidOfMac(mac) },
    ...(toServer ? [{ code: OPTION.serverId, value: SERVER_DUID }] : []),
    ...ia,
    rawOption(OPTION.optionRequest, (w: ByteWriter) => wants.forEach((code) => w.u16(code))),
    ...more,
  ]
  return { message: { type, transactionId: 0xabcdef, options: all }, relays }
}

export function ask(context: Dhcp6Context, type: number, options: AskOptions = {}): Promise<Handled6> {
  const peer = ipv6FromBytes(linkLocalOf(options.mac ?? MAC))
  return handleDatagram(context, messageOf(type, options), peer)
}

/** The first association of a reply. */
export function iaOf({ reply }: Handled6) {
  const value = reply === undefined ? undefined : valueOf(reply.message.options, OPTION.iaNa)
  return value === undefined ? undefined : decodeIaNa(value)
}

/** A relay, as ISC's is, with an interface-id and, where `mac` is given, the client's link-layer address. */
export function relayOf(linkAddress: Ipv6, peerAddress: Ipv6, mac?: Uint8Array): Relay {
  const hardware = mac === undefined ? [] : [rawOption(OPTION.clientLinkLayer, (w) => w.u16(1).bytes(mac))]
  return {
    hopCount: 0,
    linkAddress,
    peerAddress,
    options: [{ code: OPTION.interfaceId, value: ipv6ToBytes('::7') }, ...hardware],
  }
}
