import { byteStringFrom, bytesOf } from '../../../../wire/bytestring.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../../rpc/xdr-writer.ts'
import { type Compound, operation } from '../compound.ts'
import { MAX_OPERATIONS, MAX_REPLY_BYTES } from '../constants.ts'
import type { Client } from '../state/client.ts'
import type { ClientId } from '../state/clients.ts'
import type { ChannelLimits } from '../state/session.ts'
import { NFS4, refuse } from '../status.ts'
import { principalOf, readClientId } from './clients40.ts'

const SESSION_BYTES = 16
/** Requests of one client at a time: as many as Linux has. */
const MAX_SLOTS = 64
const MAX_CACHED_BYTES = 16 * 1024
/** A SEQUENCE, PUTFH and GETATTR must fit. */
const MIN_BYTES = 512
/** RPC header and what surrounds the data of a READ */
const HEADER_BYTES = 4096

/** channel_attrs4, RFC 8881 §18.36 */
function readChannel(args: XdrReader): ChannelLimits {
  args.u32('header padding')
  const limits = {
    requestBytes: args.u32('maximum request size'),
    replyBytes: args.u32('maximum response size'),
    cachedBytes: args.u32('maximum cached response size'),
    operations: args.u32('maximum operations'),
    slots: args.u32('maximum requests'),
  }
  const rdma = args.u32('count of RDMA parameters')
  if (rdma > 1) throw args.fail(`it has ${rdma} RDMA parameters, want at most 1`)
  if (rdma === 1) args.u32('RDMA read depth')
  return limits
}

function writeChannel(reply: XdrWriter, limits: ChannelLimits): void {
  reply.u32(0).u32(limits.requestBytes).u32(limits.replyBytes).u32(limits.cachedBytes)
  reply.u32(limits.operations).u32(limits.slots).u32(0)
}

interface CreateArguments {
  readonly id: ClientId
  readonly sequence: number
  readonly fore: ChannelLimits
  readonly back: ChannelLimits
}

/** The callback's program and security follow, but there are no callbacks, and nothing comes behind them. */
function readCreate(args: XdrReader): CreateArguments {
  const id = readClientId(args)
  const sequence = args.u32('sequence')
  args.u32('flags')
  return { id, sequence, fore: readChannel(args), back: readChannel(args) }
}

/** CREATE_SESSION, §18.36 */
export const createSession = operation(readCreate, (compound, args) => {
  const { clients } = compound.keeper
  const client = clients.withSessions(args.id)
  if (client.created?.sequence === args.sequence) {
    compound.reply.fixed(client.created.reply)
    return undefined
  }
  if (args.sequence !== client.nextCreateSequence) refuse(NFS4.sequenceMisordered)
  if (client.identity.principal !== principalOf(compound.call.credential)) refuse(NFS4.clientIdInUse)
  const reply = newSession(compound, client, args)
  client.created = { sequence: args.sequence, reply }
  client.nextCreateSequence = (args.sequence + 1) >>> 0
  compound.reply.fixed(reply)
  return undefined
})

/** Makes a session; of what the client asks for it gets at most what the server has. */
function newSession({ keeper, service }: Compound, client: Client, { sequence, fore, back }: CreateArguments): Buffer {
  if (fore.requestBytes < MIN_BYTES || fore.replyBytes < MIN_BYTES) refuse(NFS4.tooSmall)
  const limits = {
    requestBytes: Math.min(fore.requestBytes, service.requestBytes),
    replyBytes: Math.min(fore.replyBytes, MAX_REPLY_BYTES + HEADER_BYTES),
    cachedBytes: Math.min(fore.cachedBytes, MAX_CACHED_BYTES),
    operations: Math.min(fore.operations, MAX_OPERATIONS),
    slots: Math.max(1, Math.min(fore.slots, MAX_SLOTS)),
  }
  const session = keeper.clients.createSession(client, limits)
  keeper.clients.confirm(client)
  const w = new XdrWriter()
  w.fixed(bytesOf(session.id)).u32(sequence).u32(0) // neither persistent nor with a way back
  writeChannel(w, limits)
  writeChannel(w, back)
  return w.takeCopy()
}

function readSessionId(args: XdrReader): string {
  return byteStringFrom(args.fixed(SESSION_BYTES, 'session id'))
}

/** DESTROY_SESSION, §18.37: if it is the compound's own it comes last. */
export const destroySession = operation(readSessionId, (compound, id) => {
  const { clients } = compound.keeper
  const session = clients.session(id)
  if (compound.session !== undefined) {
    if (session.client !== compound.client) refuse(NFS4.badSession)
    if (session === compound.session && compound.index + 1 < compound.operations) refuse(NFS4.notOnlyOperation)
  }
  clients.destroySession(session)
  return undefined
})

/** channel_dir_from_client4 and its answer */
const DIRECTION = { fore: 1, back: 2 } as const

/** BIND_CONN_TO_SESSION, §18.34: every connection may use every session, for calls of the client. */
export const bindConnection = operation(
  (args) => ({ id: readSessionId(args), direction: args.u32('direction'), rdma: args.bool('use RDMA') }),
  (compound, { id, direction }) => {
    const session = compound.keeper.clients.session(id)
    if (direction === DIRECTION.back) refuse(NFS4.invalid)
    compound.keeper.clients.renew(session.client)
    compound.reply.fixed(bytesOf(id)).u32(DIRECTION.fore).bool(false)
    return undefined
  },
)

interface SequenceArguments {
  readonly id: string
  readonly sequence: number
  readonly slot: number
  readonly cache: boolean
}

function readSequence(args: XdrReader): SequenceArguments {
  const id = readSessionId(args)
  const sequence = args.u32('sequence')
  const slot = args.u32('slot')
  args.u32('highest slot')
  return { id, sequence, slot, cache: args.bool('cache this') }
}

/** SEQUENCE, §18.46 */
export const sequence = operation(readSequence, (compound, { id, sequence: number, slot, cache }) => {
  const { clients } = compound.keeper
  const session = clients.session(id)
  const { limits, client } = session
  if (compound.operations > limits.operations) refuse(NFS4.tooManyOperations)
  if (compound.args.offset + compound.args.remaining > limits.requestBytes) refuse(NFS4.requestTooBig)
  const admitted = session.admit(slot, number)
  clients.renew(client)
  client.address = compound.call.peer.address
  if (admitted.kind === 'again') {
    compound.replay = admitted.reply
    return undefined
  }
  compound.session = session
  compound.slot = admitted.slot
  compound.cacheReply = cache
  const { reply } = compound
  reply.fixed(bytesOf(id)).u32(number).u32(slot)
  reply
    .u32(limits.slots - 1)
    .u32(limits.slots - 1)
    .u32(0)
  return undefined
})
