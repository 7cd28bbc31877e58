import { type Ipv6, ipv6ToBytes } from '../../net/ipv6.ts'
import type { Dhcp6Client } from './client.ts'
import type { Dhcp6Answer } from './exchange.ts'
import {
  decodeIaNa,
  encodeDomains,
  encodeIaNa,
  encodeNtpServers,
  encodeStatus,
  encodeTexts,
  type IdentityAssociation,
  OPTION,
  rawOption,
  STATUS,
  type Status,
  valueOf,
} from './options.ts'
import { type Dhcp6Datagram, type MESSAGE, type RawOption } from './packet.ts'

/** What a reply says. */
export interface ReplyContent {
  readonly type: typeof MESSAGE.advertise | typeof MESSAGE.reply
  readonly answer: Dhcp6Answer
  readonly ia?: IdentityAssociation
  readonly rapidCommit?: boolean
  readonly status?: Status
  /** Without settings: the machine gives something back. */
  readonly bare?: boolean
}

/** Further associations of one message that are told no; an answer to more would only be long. */
const MOST_REFUSED = 4
const FOR_EVER = 0xffffffff

/** The reply, with the relays that it goes back through: each is given its interface-id again, RFC 8415 §19.3. */
export function replyDatagram(
  request: Dhcp6Datagram,
  client: Dhcp6Client,
  serverDuid: Uint8Array,
  content: ReplyContent,
): Dhcp6Datagram {
  const { options } = request.message
  const relays = request.relays.map((relay) => ({
    ...relay,
    options: relay.options.filter(({ code }) => code === OPTION.interfaceId).slice(0, 1),
  }))
  const all = [
    ...identities(options, serverDuid),
    ...(content.rapidCommit === true ? [{ code: OPTION.rapidCommit, value: new Uint8Array() }] : []),
    ...(content.status === undefined ? [] : [encodeStatus(content.status)]),
    ...(content.ia === undefined ? [] : [encodeIaNa(content.ia), ...refusals(options)]),
    ...(content.bare === true ? [] : settings(content.answer, client)),
  ]
  return { message: { type: content.type, transactionId: request.message.transactionId, options: all }, relays }
}

function identities(options: readonly RawOption[], serverDuid: Uint8Array): RawOption[] {
  const client = valueOf(options, OPTION.clientId)
  const server = { code: OPTION.serverId, value: serverDuid }
  return client === undefined || client.byteLength > 130 ? [server] : [{ code: OPTION.clientId, value: client }, server]
}

/** A granted address, to be renewed after half of its time and with anybody after four fifths (RFC 8415 §21.4). */
export function grantedIa({ iaid }: IdentityAssociation, address: Ipv6, seconds: number): IdentityAssociation {
  const part = (share: number): number => (seconds === FOR_EVER ? FOR_EVER : Math.floor(seconds * share))
  const addresses = [{ address, preferredSeconds: seconds, validSeconds: seconds }]
  return { iaid, renewSeconds: part(0.5), rebindSeconds: part(0.8), addresses }
}

/** An association without address, and why. */
export function deniedIa({ iaid }: IdentityAssociation, code: number, text: string): IdentityAssociation {
  return { iaid, renewSeconds: 0, rebindSeconds: 0, addresses: [], status: { code, text } }
}

/** The same addresses with lifetimes of 0; NoBinding where none is named. */
export function voidIa(ia: IdentityAssociation): IdentityAssociation {
  const [first] = ia.addresses
  if (first === undefined) return deniedIa(ia, STATUS.noBinding, 'it names no address')
  const addresses = [{ address: first.address, preferredSeconds: 0, validSeconds: 0 }]
  return { iaid: ia.iaid, renewSeconds: 0, rebindSeconds: 0, addresses }
}

/** What we never give: more than one address to a machine, temporary ones, whole prefixes. */
function refusals(options: readonly RawOption[]): RawOption[] {
  const [, ...more] = options.filter(({ code }) => code === OPTION.iaNa)
  const others = options.filter(({ code }) => code === OPTION.iaTa || code === OPTION.iaPd)
  return [...more, ...others].slice(0, MOST_REFUSED).flatMap(({ code, value }) => refusal(code, value))
}

function refusal(code: number, value: Uint8Array): RawOption[] {
  const status = code === OPTION.iaPd ? STATUS.noPrefixAvail : STATUS.noAddrsAvail
  if (code === OPTION.iaNa) {
    const iaid = iaidOf(value)
    return iaid === undefined ? [] : [encodeIaNa(deniedIa({ ...NOTHING, iaid }, status, ONE))]
  }
  if (value.byteLength < 4) return []
  return [
    rawOption(code, (w) => {
      w.bytes(value.subarray(0, 4)).zeros(code === OPTION.iaPd ? 8 : 0)
      w.u16(OPTION.statusCode).u16(2).u16(status)
    }),
  ]
}

const NOTHING = { iaid: 0, renewSeconds: 0, rebindSeconds: 0, addresses: [] }
const ONE = 'a machine has one address here'

function iaidOf(value: Uint8Array): number | undefined {
  try {
    return decodeIaNa(value).iaid
  } catch {
    return undefined
  }
}

/** Settings that the machine asks for; firmware that boots by HTTP wants its own vendor class back, or does not listen. */
function settings(answer: Dhcp6Answer, client: Dhcp6Client): RawOption[] {
  const { nameServers = [], domainSearch = [], ntpServers = [], bootFile, bootParameters = [] } = answer
  const asks = (code: number): boolean => client.requestedOptions.includes(code)
  const addresses = (all: readonly Ipv6[]): Uint8Array => Buffer.concat(all.map(ipv6ToBytes))
  const all: RawOption[] = []
  if (nameServers.length > 0 && asks(OPTION.dnsServers)) {
    all.push({ code: OPTION.dnsServers, value: addresses(nameServers) })
  }
  if (domainSearch.length > 0 && asks(OPTION.domainList)) {
    all.push(rawOption(OPTION.domainList, (w) => encodeDomains(w, domainSearch)))
  }
  if (ntpServers.length > 0 && asks(OPTION.ntpServer)) {
    all.push(rawOption(OPTION.ntpServer, (w) => encodeNtpServers(w, ntpServers)))
  }
  if (bootFile === undefined || !asks(OPTION.bootFileUrl)) return all
  all.push({ code: OPTION.bootFileUrl, value: new TextEncoder().encode(bootFile) })
  if (bootParameters.length > 0) all.push(rawOption(OPTION.bootFileParameters, (w) => encodeTexts(w, bootParameters)))
  const { vendorClass } = client
  if (client.firmware === 'http' && vendorClass !== undefined) {
    all.push(rawOption(OPTION.vendorClass, (w) => encodeTexts(w.u32(vendorClass.enterprise), ['HTTPClient'])))
  }
  return all
}
