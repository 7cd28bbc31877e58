import type { Ipv6 } from '../../net/ipv6.ts'
import { toHex } from '../../wire/hex.ts'
import { type Dhcp6Client, describeClient6 } from './client.ts'
import type { AnswerClient6, Dhcp6Answer, Dhcp6Exchange, Ignored6, Outcome6, Received6 } from './exchange.ts'
import type { Dhcp6Leases, LeaseKey } from './leases.ts'
import { decodeIaNa, type IdentityAssociation, OPTION, STATUS, valueOf } from './options.ts'
import { type Dhcp6Datagram, MESSAGE, type RawOption } from './packet.ts'
import { deniedIa, grantedIa, type ReplyContent, replyDatagram, voidIa } from './reply.ts'

export interface Dhcp6Context {
  readonly serverDuid: Uint8Array
  /** An address of ours in the network of the interface. */
  readonly link: Ipv6
  readonly leases: Dhcp6Leases
  readonly answer: AnswerClient6
}

/** What became of a datagram, and what goes back to where it came from. */
export interface Handled6 {
  readonly exchange: Dhcp6Exchange
  readonly reply?: Dhcp6Datagram
}

const RECEIVED: ReadonlyMap<number, Received6> = new Map([
  [MESSAGE.solicit, 'solicit'],
  [MESSAGE.request, 'request'],
  [MESSAGE.confirm, 'confirm'],
  [MESSAGE.renew, 'renew'],
  [MESSAGE.rebind, 'rebind'],
  [MESSAGE.release, 'release'],
  [MESSAGE.decline, 'decline'],
  [MESSAGE.informationRequest, 'information-request'],
])

/** Who must name the server, RFC 8415 §16; the others must not, but for an INFORMATION-REQUEST, which may. */
const NAMES_SERVER: ReadonlySet<Received6> = new Set(['request', 'renew', 'release', 'decline'])

/** A message that is ours to answer. */
interface Asked {
  readonly received: Received6
  readonly datagram: Dhcp6Datagram
  readonly client: Dhcp6Client
  readonly key: LeaseKey
  readonly link: Ipv6
  readonly ia: IdentityAssociation | undefined
  readonly answer: Dhcp6Answer
}

/** Why nothing goes back. */
class Ignore extends Error {
  readonly reason: Ignored6
  constructor(reason: Ignored6, text: string) {
    super(text)
    this.reason = reason
  }
}

/**
 * Decides on the answer to a datagram, RFC 8415 §18.3.
 *
 * @param peer address that the datagram came from, without zone
 */
export async function handleDatagram(context: Dhcp6Context, datagram: Dhcp6Datagram, peer: Ipv6): Promise<Handled6> {
  const client = describeClient6(datagram, peer)
  const received = RECEIVED.get(datagram.message.type)
  const named = received === undefined ? {} : { received }
  try {
    const asked = check(context, datagram, client, received)
    const { outcome, content } = await decide(context, asked)
    const exchange = { client, ...named, key: asked.key, outcome }
    return content === undefined
      ? { exchange }
      : { exchange, reply: replyDatagram(datagram, client, context.serverDuid, content) }
  } catch (error) {
    if (error instanceof Ignore) {
      return { exchange: { client, ...named, outcome: { kind: 'ignored', reason: error.reason, text: error.message } } }
    }
    const text = error instanceof Error ? error.message : String(error)
    return { exchange: { client, ...named, outcome: { kind: 'failed', text, error } } }
  }
}

function check(
  context: Dhcp6Context,
  datagram: Dhcp6Datagram,
  client: Dhcp6Client,
  received: Received6 | undefined,
): Asked {
  const { options } = datagram.message
  if (received === undefined) throw new Ignore('malformed', `message type ${datagram.message.type} is not for servers`)
  if (client.duid === undefined && received !== 'information-request') {
    throw new Ignore('malformed', 'it has no client identifier that can be read')
  }
  checkServer(context.serverDuid, received, options)
  const link = linkOf(datagram) ?? context.link
  if (context.leases.networkOf(link) === undefined) {
    throw new Ignore('unknown-network', `no network with ${link} is configured`)
  }
  const key = keyOf(context.leases, client)
  const answer = context.answer(client, { key, link })
  if (answer === undefined) throw new Ignore('not-served', 'machines nobody named are ignored')
  return { received, datagram, client, key, link, ia: iaIn(options), answer }
}

function checkServer(own: Uint8Array, received: Received6, options: readonly RawOption[]): void {
  const named = valueOf(options, OPTION.serverId)
  if (named !== undefined && Buffer.compare(named, own) !== 0) {
    throw new Ignore('other-server', `it is for the server with DUID ${toHex(named.subarray(0, 130))}`)
  }
  if (NAMES_SERVER.has(received) && named === undefined) throw new Ignore('malformed', 'it names no server')
  if (!NAMES_SERVER.has(received) && received !== 'information-request' && named !== undefined) {
    throw new Ignore('malformed', `a ${received} names no server`)
  }
}

/** RFC 8415 §13.1: the link-address nearest to the client that says anything. */
function linkOf({ relays }: Dhcp6Datagram): Ipv6 | undefined {
  return relays.findLast(({ linkAddress }) => linkAddress !== '::')?.linkAddress
}

/** The first association. A machine that boots has one address; further ones are told that there is none. */
function iaIn(options: readonly RawOption[]): IdentityAssociation | undefined {
  const value = valueOf(options, OPTION.iaNa)
  if (value === undefined) return undefined
  try {
    return decodeIaNa(value)
  } catch (error) {
    throw new Ignore('malformed', error instanceof Error ? error.message : String(error))
  }
}

/** One machine has one address: the card's MAC counts, then whose DUID this was before, then what it is made of. */
function keyOf(leases: Dhcp6Leases, { duid, cardMac, duidMac }: Dhcp6Client): LeaseKey {
  const known = duid === undefined ? undefined : leases.keyOf(duid)
  const key = cardMac ?? known ?? duidMac ?? `duid:${duid ?? ''}`
  if (duid !== undefined && cardMac !== undefined) leases.remember(duid, cardMac)
  return key
}

interface Decision {
  readonly outcome: Outcome6
  readonly content?: ReplyContent
}

function decide(context: Dhcp6Context, asked: Asked): Decision | Promise<Decision> {
  switch (asked.received) {
    case 'solicit':
      return solicit(context, asked)
    case 'request':
    case 'renew':
    case 'rebind':
      return keep(context, asked)
    case 'confirm':
      return confirm(context, asked)
    case 'release':
    case 'decline':
      return giveBack(context, asked)
    default:
      return {
        outcome: { kind: 'informed', answer: asked.answer },
        content: { type: MESSAGE.reply, answer: asked.answer },
      }
  }
}

function leaseClient({ key, client, link }: Asked) {
  return { mac: key, link, ...(client.duid === undefined ? {} : { clientId: client.duid }) }
}

/** RFC 8415 §18.3.1, §18.3.9. */
async function solicit(context: Dhcp6Context, asked: Asked): Promise<Decision> {
  const { ia, answer, datagram } = asked
  const isRapid = valueOf(datagram.message.options, OPTION.rapidCommit) !== undefined
  if (ia === undefined) {
    // settings alone are what an INFORMATION-REQUEST is for, but they harm nobody
    return { outcome: { kind: 'informed', answer }, content: { type: MESSAGE.advertise, answer } }
  }
  const offer = context.leases.offer(leaseClient(asked), ia.addresses[0]?.address)
  if ('refused' in offer) return denied(MESSAGE.advertise, asked, ia, offer.text, STATUS.noAddrsAvail)
  if (isRapid) return bind(context, asked, ia, offer.address, true)
  const outcome = { kind: 'offered', address: offer.address, leaseSeconds: answer.leaseSeconds, answer } as const
  return {
    outcome,
    content: { type: MESSAGE.advertise, answer, ia: grantedIa(ia, offer.address, answer.leaseSeconds) },
  }
}

/** REQUEST, RENEW and REBIND, RFC 8415 §18.3.2, §18.3.4, §18.3.5. */
async function keep(context: Dhcp6Context, asked: Asked): Promise<Decision> {
  const { ia, answer, link, received } = asked
  if (ia === undefined) return { outcome: { kind: 'informed', answer }, content: { type: MESSAGE.reply, answer } }
  const wanted = ia.addresses[0]?.address
  if (wanted === undefined || !isOnLink(context, link, wanted)) {
    if (received === 'request') return renewed(context, asked, ia) // it moved here meanwhile: the address that is its own
    return offLink(asked, ia, wanted)
  }
  return bind(context, asked, ia, wanted, false)
}

async function renewed(context: Dhcp6Context, asked: Asked, ia: IdentityAssociation): Promise<Decision> {
  const offer = context.leases.offer(leaseClient(asked), undefined)
  if ('refused' in offer) return denied(MESSAGE.reply, asked, ia, offer.text, STATUS.noAddrsAvail)
  return bind(context, asked, ia, offer.address, false)
}

async function bind(
  context: Dhcp6Context,
  asked: Asked,
  ia: IdentityAssociation,
  address: Ipv6,
  isRapid: boolean,
): Promise<Decision> {
  const { answer, received } = asked
  const adopt = received !== 'solicit'
  const binding = await context.leases.bind(leaseClient(asked), address, answer.leaseSeconds, adopt)
  if (binding !== 'bound') {
    if (received === 'request')
      return denied(MESSAGE.reply, asked, ia, `${address} is not to be had`, STATUS.noAddrsAvail)
    return offLink(asked, ia, address)
  }
  const granted = grantedIa(ia, address, answer.leaseSeconds)
  const outcome = { kind: 'leased', address, leaseSeconds: answer.leaseSeconds, answer } as const
  return { outcome, content: { type: MESSAGE.reply, answer, ia: granted, rapidCommit: isRapid } }
}

function denied(
  type: ReplyContent['type'],
  { answer }: Asked,
  ia: IdentityAssociation,
  text: string,
  code: number,
): Decision {
  const [wanted] = ia.addresses
  const address = wanted === undefined ? {} : { address: wanted.address }
  return { outcome: { kind: 'denied', text, ...address }, content: { type, answer, ia: deniedIa(ia, code, text) } }
}

/** Lifetimes of 0: the address is to be given up at once. */
function offLink({ answer }: Asked, ia: IdentityAssociation, wanted: Ipv6 | undefined): Decision {
  const text = wanted === undefined ? 'it names no address' : `${wanted} is not its address in this network`
  const address = wanted === undefined ? {} : { address: wanted }
  return { outcome: { kind: 'denied', text, ...address }, content: { type: MESSAGE.reply, answer, ia: voidIa(ia) } }
}

/** RFC 8415 §18.3.3: is it still in the network that its addresses are of? */
function confirm(context: Dhcp6Context, { ia, answer, link }: Asked): Decision {
  const [first] = ia?.addresses ?? []
  if (ia === undefined || first === undefined) throw new Ignore('malformed', 'a confirm names an address')
  const isRight = ia.addresses.every(({ address }) => isOnLink(context, link, address))
  const status = isRight
    ? { code: STATUS.success, text: 'still in its network' }
    : { code: STATUS.notOnLink, text: 'another network' }
  const outcome: Outcome6 = isRight
    ? { kind: 'confirmed', address: first.address }
    : { kind: 'denied', address: first.address, text: `${first.address} is not of this network` }
  return { outcome, content: { type: MESSAGE.reply, answer, status } }
}

async function giveBack({ leases }: Dhcp6Context, { ia, key, answer, received }: Asked): Promise<Decision> {
  const kind = received === 'release' ? 'released' : 'declined'
  for (const { address } of ia?.addresses.slice(0, 1) ?? []) {
    await (kind === 'released' ? leases.release(key, address) : leases.decline(key, address))
  }
  const [first] = ia?.addresses ?? []
  const status = { code: STATUS.success, text: kind }
  const address = first === undefined ? {} : { address: first.address }
  return { outcome: { kind, ...address }, content: { type: MESSAGE.reply, answer, status, bare: true } }
}

function isOnLink({ leases }: Dhcp6Context, link: Ipv6, address: Ipv6): boolean {
  const network = leases.networkOf(link)
  return network !== undefined && network === leases.networkOf(address)
}
