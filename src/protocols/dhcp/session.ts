import { contains } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import type { Mac } from '../../net/mac.ts'
import { messageWithCauses } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import type { AnswerClient, DhcpAnswer } from './answer.ts'
import { describeClient, type DhcpClient } from './client.ts'
import { type AddressInUse, destinationOf, type DhcpExchange, type Destination, type Outcome } from './exchange.ts'
import type { LeaseBook, LeaseClient, Offer } from './lease-book.ts'
import { serverIdentifierFor } from './link.ts'
import { type MessageType, option, readOption, requireValid } from './options.ts'
import type { DhcpMessage } from './packet.ts'
import { bootItemIn } from './pxe-options.ts'
import { grant, grantBoot, inform, leaseSecondsFor, refuse } from './reply.ts'

/** What a server decides with. */
export interface DhcpContext {
  /** Our server identifier, and the address in whose network clients without a relay are. */
  readonly serverAddress: Ipv4
  readonly leases: LeaseBook
  readonly answer: AnswerClient
  /**
   * `proxy` while another server gives the addresses: then we add what to boot, keep up the leases that we gave before,
   * and deny nobody anything. Always `server` without it.
   */
  readonly role?: () => DhcpRole
  /** Who but this machine uses an address already; without it machines find that out themselves (DHCPDECLINE). */
  readonly holderOf?: (address: Ipv4, own: Mac) => Promise<Mac | undefined>
}

export type DhcpRole = 'server' | 'proxy'

/** What became of one message, and what is to be sent. */
export interface Handled {
  readonly exchange: DhcpExchange
  readonly reply?: { readonly message: DhcpMessage; readonly to: Destination }
}

/** One message on its way through the states below. */
interface Turn extends DhcpContext {
  readonly message: DhcpMessage
  readonly client: DhcpClient
  readonly arrival: Arrival
  /** An address of the network that the client is in. */
  readonly link: Ipv4
}
interface Decision {
  readonly outcome: Outcome
  readonly reply?: DhcpMessage
}
/** How a message came to us: RENEWING and REBINDING differ in nothing else (RFC 2131 §4.3.2). */
export type Arrival = 'broadcast' | 'unicast'

const NO_ADDRESS = '0.0.0.0'
/** Hardware types with addresses of six bytes: Ethernet, IEEE 802. */
const SIX_BYTE_HARDWARE: ReadonlySet<number> = new Set([1, 6])

/** Handles one message of a client, RFC 2131 §4.3. What the lease store or `answer` throw becomes a `failed` outcome. */
export async function handleMessage(context: DhcpContext, message: DhcpMessage, arrival: Arrival): Promise<Handled> {
  const client = describeClient(message)
  const received = typeOf(message)
  const link = client.link ?? linkWithoutRelay(message, arrival, context.serverAddress)
  const turn: Turn = { ...context, message, client, arrival, link }
  const { outcome, reply } = await safely(() => decide(turn, received))
  const exchange = exchangeOf(turn, received, outcome)
  return reply === undefined ? { exchange } : { exchange, reply: { message: reply, to: destinationOf(message, reply) } }
}

/** A client behind a relay renews without it, and then nothing but its address says where it is. */
function linkWithoutRelay({ clientAddress }: DhcpMessage, arrival: Arrival, serverAddress: Ipv4): Ipv4 {
  return arrival === 'unicast' && clientAddress !== NO_ADDRESS ? clientAddress : serverAddress
}

function typeOf(message: DhcpMessage): Received {
  try {
    return requireValid(message.options, option.messageType)
  } catch (error) {
    if (error instanceof WireError) return 'malformed'
    throw error
  }
}

function exchangeOf({ client, message }: Turn, received: Received, outcome: Outcome): DhcpExchange {
  return {
    client,
    transactionId: message.transactionId,
    secondsSinceStart: message.seconds,
    outcome,
    ...(received === undefined || received === 'malformed' ? {} : { received }),
  }
}

type Received = MessageType | 'malformed' | undefined

async function safely(decision: () => Decision | Promise<Decision>): Promise<Decision> {
  try {
    return await decision()
  } catch (error) {
    return { outcome: { kind: 'failed', text: messageWithCauses(error), error } }
  }
}

function decide(turn: Turn, received: Received): Decision | Promise<Decision> {
  const { message } = turn
  if (message.operation === 'reply') return ignored('not-a-request', 'it is a reply, sent to the port of servers')
  if (message.hardwareAddress.byteLength !== 6 || !SIX_BYTE_HARDWARE.has(message.hardwareType)) {
    const length = message.hardwareAddress.byteLength
    return ignored('hardware', `its hardware type is ${message.hardwareType} with ${length} bytes, want Ethernet`)
  }
  if (received === undefined) return ignored('bootp', 'it is plain BOOTP without a DHCP message type')
  if (received === 'malformed') return ignored('malformed', 'its message type (option 53) is unknown')
  if (!turn.leases.serves(turn.link)) return ignored('unknown-network', noNetwork(turn))
  return HANDLERS[received](turn)
}

const HANDLERS: Readonly<Record<MessageType, (turn: Turn) => Decision | Promise<Decision>>> = {
  discover,
  request,
  decline,
  release,
  inform: answerInform,
  offer: () => ignored('not-a-request', 'it is an OFFER, sent to the port of servers'),
  ack: () => ignored('not-a-request', 'it is an ACK, sent to the port of servers'),
  nak: () => ignored('not-a-request', 'it is a NAK, sent to the port of servers'),
}

function noNetwork({ client, link }: Turn): string {
  const through = client.relay === undefined ? '' : `, and it asks through the relay ${client.relay}`
  return `no network that holds ${link} is configured here${through}`
}

/** §4.3.1 */
async function discover(turn: Turn): Promise<Decision> {
  const { client, leases, message } = turn
  if (turn.role?.() === 'proxy') return offerBoot(turn, 'offer')
  const { offer, inUse } = await offerUnused(turn)
  if ('refused' in offer) return ignored(offer.refused, offer.text)
  const { address } = offer
  const answer = await turn.answer(client, { address, link: turn.link, received: 'discover' })
  if (answer === undefined) {
    leases.withdraw(leaseClient(turn))
    return ignored('not-served', 'nothing is configured for this machine')
  }
  const reply = grant(message, 'offer', { serverAddress: turn.serverAddress, address, answer, client })
  return { outcome: { ...granted('offered', turn, address, answer), ...(inUse.length > 0 ? { inUse } : {}) }, reply }
}

/** An address that nobody uses, as far as can be found out; those that somebody does are put aside. */
async function offerUnused(turn: Turn): Promise<{ offer: Offer; inUse: readonly AddressInUse[] }> {
  const { leases, client, holderOf } = turn
  const inUse: AddressInUse[] = []
  for (;;) {
    const offer = leases.offer(leaseClient(turn), readOption(turn.message.options, option.requestedAddress))
    if ('refused' in offer || !offer.fresh || holderOf === undefined || inUse.length === MOST_TRIED) {
      return { offer, inUse }
    }
    const holder = await holderOf(offer.address, client.mac)
    if (holder === undefined) return { offer, inUse }
    inUse.push({ address: offer.address, holder })
    await leases.quarantine(offer.address, holder)
  }
}

/** A machine that pretends to have every address must not keep us busy. */
const MOST_TRIED = 4

/**
 * Says what to boot to firmware that takes its address from another server. Everybody else is none of our business.
 *
 * @param type an ACK for who asks again on port 4011, as the offer of PXE 2.1 §2.2.3 made it do
 */
async function offerBoot(turn: Turn, type: 'offer' | 'ack'): Promise<Decision> {
  const { client, message, link, serverAddress } = turn
  if (client.firmware === 'none') return ignored('proxy', 'another server gives addresses here, and it is no firmware')
  const received = type === 'offer' ? 'discover' : 'request'
  const bootItem = bootItemIn(message.options)
  const asked = { address: message.clientAddress, link, received } as const
  const answer = await turn.answer(client, bootItem === undefined ? asked : { ...asked, bootItem })
  if (answer === undefined || (answer.bootFile ?? answer.menu) === undefined)
    return ignored('not-served', 'nothing is configured for this machine')
  const reply = grantBoot(message, type, { serverAddress, answer, client })
  return { outcome: { kind: 'boot-offered', answer }, reply }
}

/**
 * Handles a message to port 4011, where firmware asks a proxyDHCP server for its boot file once it has an address from
 * another one (PXE 2.1 §2.2.3). The reply goes back to the port it came from.
 */
export async function handleBootRequest(context: DhcpContext, message: DhcpMessage): Promise<Handled> {
  const client = describeClient(message)
  const link = message.clientAddress === NO_ADDRESS ? context.serverAddress : message.clientAddress
  const turn: Turn = { ...context, message, client, arrival: 'unicast', link }
  const { outcome, reply } = await safely(() => decideBoot(turn))
  const exchange = exchangeOf(turn, typeOf(message), outcome)
  if (reply === undefined) return { exchange }
  return { exchange, reply: { message: reply, to: { address: message.clientAddress, port: 'sender' } } }
}

function decideBoot(turn: Turn): Decision | Promise<Decision> {
  const { message } = turn
  const received = typeOf(message)
  if (message.operation === 'reply') return ignored('not-a-request', 'it is a reply')
  if (message.hardwareAddress.byteLength !== 6)
    return ignored('hardware', 'its hardware address is not that of Ethernet')
  if (received !== 'request' && received !== 'inform')
    return ignored('not-a-request', 'it is no request for a boot file')
  if (!turn.leases.serves(turn.link)) return ignored('unknown-network', noNetwork(turn))
  return offerBoot(turn, 'ack')
}

/** §4.3.2: which of the four states the client is in shows in what it sends, table 4. */
function request(turn: Turn): Decision | Promise<Decision> {
  const { message, serverAddress } = turn
  const server = readOption(message.options, option.serverIdentifier)
  const requested = readOption(message.options, option.requestedAddress)
  const current = message.clientAddress
  if (server !== undefined && server !== serverIdentifierFor(message, serverAddress)) return otherServer(turn, server)
  // some clients put the offered address into ciaddr; which server they mean is clear all the same
  const wanted = requested ?? (current === NO_ADDRESS ? undefined : current)
  if (wanted === undefined) return ignored('malformed', 'the REQUEST names no address (option 50 or ciaddr)')
  if (server !== undefined) return confirm(turn, wanted, 'selecting')
  if (current === NO_ADDRESS) return confirm(turn, wanted, 'init-reboot')
  return confirm(turn, current, turn.arrival === 'unicast' ? 'renewing' : 'rebinding')
}

function otherServer(turn: Turn, server: Ipv4): Decision {
  turn.leases.withdraw(leaseClient(turn))
  const address = readOption(turn.message.options, option.requestedAddress)
  const text = `it took the offer of ${server}`
  const taken = address === undefined ? {} : { address }
  return { outcome: { kind: 'ignored', reason: 'other-server', text, server, ...taken } }
}

async function confirm(turn: Turn, address: Ipv4, state: ClientState): Promise<Decision> {
  const { client, leases, message, serverAddress } = turn
  const answer = await turn.answer(client, { address, link: turn.link, received: 'request' })
  if (answer === undefined) return ignored('not-served', 'nothing is configured for this machine')
  const network = { address: turn.link, prefix: answer.prefix }
  if (!contains(network, address)) return denied(turn, address, `${address} is of another network`)
  const seconds = leaseSecondsFor(message, answer)
  const isProxy = turn.role?.() === 'proxy'
  const binding = await leases.bind(leaseClient(turn), address, seconds, { adopt: !isProxy && state !== 'init-reboot' })
  if (binding === 'bound') {
    const reply = grant(message, 'ack', { serverAddress, address, answer, client })
    return { outcome: { ...granted('acknowledged', turn, address, answer), state }, reply }
  }
  if (binding === 'unknown' && SILENT_IF_UNKNOWN.has(state)) {
    return ignored('unknown-lease', `${address} is not of this server; another may know it`)
  }
  return denied(turn, address, DENIALS[binding](address))
}

/** Without a record of the client the server must be silent, §4.3.2; only who speaks to us alone gets a NAK. */
const SILENT_IF_UNKNOWN: ReadonlySet<ClientState> = new Set(['init-reboot', 'rebinding'])
type ClientState = 'selecting' | 'init-reboot' | 'renewing' | 'rebinding'

const DENIALS = {
  taken: (address: Ipv4) => `${address} belongs to another machine`,
  other: (address: Ipv4) => `${address} is not the address of this machine`,
  unknown: (address: Ipv4) => `${address} was not given by this server`,
} as const

function denied(turn: Turn, address: Ipv4, text: string): Decision {
  if (turn.role?.() === 'proxy') return ignored('proxy', `${text}; another server gives addresses here`)
  return { outcome: { kind: 'denied', address, text }, reply: refuse(turn.message, turn.serverAddress, text) }
}

/** §4.3.3 */
async function decline({ client, leases, message }: Turn): Promise<Decision> {
  const address = readOption(message.options, option.requestedAddress)
  if (address === undefined) return ignored('malformed', 'the DECLINE names no address (option 50)')
  await leases.decline(client.mac, address)
  return { outcome: { kind: 'declined', address } }
}

/** §4.3.4 */
async function release({ client, leases, message, serverAddress }: Turn): Promise<Decision> {
  const server = readOption(message.options, option.serverIdentifier)
  if (server !== undefined && server !== serverAddress) return ignored('other-server', `it is for ${server}`)
  await leases.release(client.mac, message.clientAddress)
  return { outcome: { kind: 'released', address: message.clientAddress } }
}

/** §4.3.5 */
async function answerInform(turn: Turn): Promise<Decision> {
  const { client, message, serverAddress } = turn
  const address = message.clientAddress
  if (turn.role?.() === 'proxy') return ignored('proxy', 'another server tells machines here of their network')
  if (address === NO_ADDRESS) return ignored('malformed', 'the INFORM does not say the address of its sender (ciaddr)')
  const answer = await turn.answer(client, { address, link: turn.link, received: 'inform' })
  if (answer === undefined) return ignored('not-served', 'nothing is configured for this machine')
  // the reply goes to that address: it must not be somebody's elsewhere
  if (!contains({ address: turn.link, prefix: answer.prefix }, address)) {
    return ignored('malformed', `the INFORM comes from ${address}, which is of another network`)
  }
  return { outcome: { kind: 'informed', address }, reply: inform(message, serverAddress, answer) }
}

function granted<K extends 'offered' | 'acknowledged'>(kind: K, turn: Turn, address: Ipv4, answer: DhcpAnswer) {
  return { kind, address, leaseSeconds: leaseSecondsFor(turn.message, answer), answer } as const
}

function ignored(reason: (Outcome & { kind: 'ignored' })['reason'], text: string): Decision {
  return { outcome: { kind: 'ignored', reason, text } }
}

function leaseClient({ client: { mac, clientId, hostName }, link }: Turn): LeaseClient {
  return {
    mac,
    link,
    ...(clientId === undefined ? {} : { clientId }),
    ...(hostName === undefined ? {} : { hostName }),
  }
}
