import { broadcastOf, netmaskOf } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import type { DhcpAnswer } from './answer.ts'
import { describeClient, type DhcpClient } from './client.ts'
import { effectsFor, type QuirkEffects } from './firmware-quirks.ts'
import { serverIdentifierFor } from './link.ts'
import type { OptionCodec } from './option-codecs.ts'
import { encodedOptionBytes } from './option-field.ts'
import { type MessageType, option, rawOption, readOption } from './options.ts'
import { type DhcpMessage, FIXED_BYTES, fitsBootFile, type RawOptions } from './packet.ts'
import { bootItemOptions, menuOptions } from './pxe-options.ts'

type Entry = readonly [number, Uint8Array]

const NO_ADDRESS = '0.0.0.0'
/** The smallest datagram that every client takes, RFC 2131 §2; without its IP and UDP headers. */
const SMALLEST_MAXIMUM = 576
/** What Ethernet carries in one piece, whatever a client says that it takes. */
const LARGEST_MAXIMUM = 1500
const HEADERS = 28
/** What a client gets that sends no option 55: it has to be configured with something. */
const ASKED_BY_DEFAULT: readonly number[] = [1, 3, 6, 12, 15, 17, 26, 28, 42, 121]

/** What a reply is made of, beside the request. */
interface GrantOptions {
  readonly serverAddress: Ipv4
  readonly answer: DhcpAnswer
  /** The request, described: who has done it already saves its cost. */
  readonly client?: DhcpClient
}

/** OFFER or ACK with an address. */
export function grant(
  request: DhcpMessage,
  type: 'offer' | 'ack',
  { serverAddress, address, answer, client = describeClient(request) }: GrantOptions & { address: Ipv4 },
): DhcpMessage {
  const options = [
    ...identity(request, type, serverAddress),
    ...leaseTimes(leaseSecondsFor(request, answer)),
    ...settings(request, client, { answer, address, serverAddress }),
  ]
  return {
    ...replyTo(request, options, answer.extra),
    // RFC 2131 table 3: ciaddr is that of a REQUEST, 0 in an OFFER
    clientAddress: type === 'ack' ? request.clientAddress : NO_ADDRESS,
    yourAddress: address,
    ...bootFields(answer, serverAddress),
  }
}

/**
 * OFFER or ACK that names a boot file and no address, which another server gives: proxyDHCP, PXE 2.1 §2.2.
 *
 * @param answer with a boot file
 */
export function grantBoot(
  request: DhcpMessage,
  type: 'offer' | 'ack',
  { serverAddress, answer, client = describeClient(request) }: GrantOptions,
): DhcpMessage {
  const options = [...identity(request, type, serverAddress), ...bootOptions(request, client, answer, serverAddress)]
  return {
    ...replyTo(request, options, answer.extra),
    clientAddress: type === 'ack' ? request.clientAddress : NO_ADDRESS,
    ...bootFields(answer, serverAddress),
  }
}

/** ACK to an INFORM: settings, but neither an address nor lease times (RFC 2131 §4.3.5). */
export function inform(request: DhcpMessage, serverAddress: Ipv4, answer: DhcpAnswer): DhcpMessage {
  const address = request.clientAddress
  const given = settings(request, describeClient(request), { answer, address, serverAddress })
  const options = [...identity(request, 'ack', serverAddress), ...given]
  return { ...replyTo(request, options, answer.extra), clientAddress: address, ...bootFields(answer, serverAddress) }
}

/** NAK: the client must begin again. The message is for people who look at packets. */
export function refuse(request: DhcpMessage, serverAddress: Ipv4, message: string): DhcpMessage {
  const reply = replyTo(request, [...identity(request, 'nak', serverAddress), rawOption(option.message, message)])
  // RFC 2131 §4.3.2: the client has no valid address, so the relay must broadcast it
  return { ...reply, broadcast: reply.broadcast || request.relayAddress !== NO_ADDRESS }
}

/** A client may ask for a shorter lease than we give, not for a longer one. */
export function leaseSecondsFor(request: DhcpMessage, answer: DhcpAnswer): number {
  const asked = readOption(request.options, option.leaseTime) ?? answer.leaseSeconds
  return Math.max(Math.min(asked, answer.leaseSeconds), Math.min(60, answer.leaseSeconds))
}

function replyTo(request: DhcpMessage, options: readonly Entry[], extra: RawOptions = new Map()): DhcpMessage {
  const relayAgent = request.options.get(option.relayAgent.code)
  const last: Entry[] = relayAgent === undefined ? [] : [[option.relayAgent.code, relayAgent]]
  return {
    operation: 'reply',
    hardwareType: request.hardwareType,
    hardwareAddress: request.hardwareAddress,
    hops: 0,
    transactionId: request.transactionId,
    seconds: 0,
    broadcast: request.broadcast,
    clientAddress: NO_ADDRESS,
    yourAddress: NO_ADDRESS,
    nextServer: NO_ADDRESS,
    relayAddress: request.relayAddress,
    serverName: '',
    bootFile: '',
    options: withinSize(request, new Map([...options, ...extra]), last),
  }
}

function identity(request: DhcpMessage, type: MessageType, serverAddress: Ipv4): Entry[] {
  const clientId = request.options.get(option.clientIdentifier.code)
  const subnet = request.options.get(option.subnetSelection.code)
  return [
    rawOption(option.messageType, type),
    rawOption(option.serverIdentifier, serverIdentifierFor(request, serverAddress)),
    ...(clientId === undefined ? [] : [[option.clientIdentifier.code, clientId] as const]), // RFC 6842
    ...(subnet === undefined ? [] : [[option.subnetSelection.code, subnet] as const]), // RFC 3011
  ]
}

/** T1 and T2 at the half and at seven eighths, RFC 2131 §4.4.5. */
function leaseTimes(seconds: number): Entry[] {
  return [
    rawOption(option.leaseTime, seconds),
    rawOption(option.renewalTime, Math.floor(seconds / 2)),
    rawOption(option.rebindingTime, Math.floor((seconds * 7) / 8)),
  ]
}

/** The mask and what boots it always; the rest if it was asked for. In the order in which they may be left out. */
function settings(
  request: DhcpMessage,
  client: DhcpClient,
  { answer, address, serverAddress }: Omit<GrantOptions, 'client'> & { address: Ipv4 },
): Entry[] {
  const asked = new Set(client.requestedOptions.length === 0 ? ASKED_BY_DEFAULT : client.requestedOptions)
  const network = { address, prefix: answer.prefix }
  return [
    rawOption(option.subnetMask, netmaskOf(network)),
    ...bootOptions(request, client, answer, serverAddress),
    ...configured(answer, broadcastOf(network)).filter(([code]) => asked.has(code)),
  ]
}

function configured(answer: DhcpAnswer, broadcastAddress: Ipv4): Entry[] {
  return [
    ...list(option.routers, answer.routers),
    ...list(option.nameServers, answer.nameServers),
    ...one(option.hostName, answer.hostName),
    ...one(option.rootPath, answer.rootPath),
    ...one(option.domainName, answer.domainName),
    ...one(option.mtu, answer.mtu),
    ...list(option.classlessRoutes, routesOf(answer)),
    ...list(option.domainSearch, answer.domainSearch),
    ...list(option.ntpServers, answer.ntpServers),
    rawOption(option.broadcastAddress, broadcastAddress),
  ]
}

/** Who reads option 121 ignores option 3, so the default route goes in as well (RFC 3442). */
function routesOf({ routes = [], routers = [] }: DhcpAnswer): DhcpAnswer['routes'] {
  const [router] = routers
  const named = routes.some(({ prefix }) => prefix === 0)
  if (routes.length === 0 || named || router === undefined) return routes
  return [...routes, { network: NO_ADDRESS, prefix: 0, router }]
}

/** What firmware needs, asked for or not: some reads only the fields of the message, some only options 66 and 67. */
function bootOptions(request: DhcpMessage, client: DhcpClient, answer: DhcpAnswer, serverAddress: Ipv4): Entry[] {
  const { bootFile, menu } = answer
  if (bootFile === undefined && menu === undefined) return []
  const quirks = effectsFor(client)
  return [
    ...firmwareOptions(client, quirks, { answer, serverAddress, rawUuid: request.options.get(option.uuid.code) }),
    rawOption(option.tftpServerName, answer.nextServer ?? serverAddress),
    ...one(option.bootFileName, quirks.endsBootFile && bootFile !== undefined ? `${bootFile}\0` : bootFile),
  ]
}

function firmwareOptions(
  client: DhcpClient,
  { ipxeOptions, vendorClass, vendorOptions }: QuirkEffects,
  { answer, serverAddress, rawUuid }: { answer: DhcpAnswer; serverAddress: Ipv4; rawUuid: Uint8Array | undefined },
): Entry[] {
  const { menu, chosen } = answer
  const inner = menu !== undefined ? menuOptions(menu, serverAddress) : chosen && bootItemOptions(chosen.item)
  // as it came, even if we cannot read it: firmware compares it with its own (PXE 2.1 §2.2.2)
  const uuid: Entry[] = rawUuid === undefined || client.isIpxe ? [] : [[option.uuid.code, rawUuid]]
  return [
    ...one(option.ipxe, ipxeOptions),
    ...one(option.vendorClass, vendorClass),
    ...one(option.vendorSpecific, inner ?? vendorOptions),
    ...uuid,
  ]
}

function bootFields(answer: DhcpAnswer, serverAddress: Ipv4): Partial<DhcpMessage> {
  if (answer.bootFile === undefined) return { nextServer: answer.nextServer ?? NO_ADDRESS }
  const nextServer = answer.nextServer ?? serverAddress
  // a name too long for the field is in option 67 all the same
  return { nextServer, serverName: nextServer, bootFile: fitsBootFile(answer.bootFile) ? answer.bootFile : '' }
}

/** Leaves out what the client has no room for (option 57), the least important first; `last` stays in any case. */
function withinSize(request: DhcpMessage, options: RawOptions, last: readonly Entry[]): RawOptions {
  const asked = readOption(request.options, option.maximumMessageSize) ?? SMALLEST_MAXIMUM
  let room = Math.min(Math.max(asked, SMALLEST_MAXIMUM), LARGEST_MAXIMUM) - HEADERS - FIXED_BYTES
  for (const [, value] of last) room -= encodedOptionBytes(value)
  const kept = [...options].filter(([code, value]) => {
    const size = encodedOptionBytes(value)
    if (code === option.relayAgent.code || size > room) return false
    room -= size
    return true
  })
  return new Map([...kept, ...last])
}

function one<T>(wanted: Pick<OptionCodec<T>, 'code' | 'encode'>, value: T | undefined): Entry[] {
  return value === undefined ? [] : [[wanted.code, wanted.encode(value)]]
}

function list<T>(wanted: Pick<OptionCodec<readonly T[]>, 'code' | 'encode'>, value: readonly T[] | undefined): Entry[] {
  return value === undefined || value.length === 0 ? [] : [[wanted.code, wanted.encode(value)]]
}
