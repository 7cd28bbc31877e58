import { TreeError } from '../../../storage/writable-tree.ts'
import type { RpcCall } from '../../rpc/program.ts'
import { type Steps, restOf } from '../../rpc/steps.ts'
import { Compound, type Operation } from './compound.ts'
import { LAST_OP, MAX_MINOR, MAX_OPERATIONS, MAX_REPLY_BYTES, MAX_TAG_BYTES, OP } from './constants.ts'
import type { Nfs4Service } from './service.ts'
import { NFS4, StatusError } from './status.ts'
import { statusOf } from './status-of.ts'
import { OPERATIONS } from './table.ts'

/**
 * COMPOUND, RFC 8881 §16.2: operations one after the other until one does not end with NFS4_OK.
 *
 *     | tag | minor version | count | operation, arguments … |   →   | status | tag | count | operation, status, results … |
 *
 * @throws {WireError} if the frame cannot be read (GARBAGE_ARGS); an operation that cannot is NFS4ERR_BADXDR
 */
export function runCompound(service: Nfs4Service, call: RpcCall): Steps | undefined {
  const { args, reply } = call
  const tag = args.opaque(MAX_TAG_BYTES, 'tag')
  const minor = args.u32('minor version')
  const count = args.u32('count of operations')
  const start = reply.length
  reply.u32(NFS4.ok).opaque(tag)
  const countAt = reply.length
  reply.u32(0)
  if (minor > MAX_MINOR) {
    reply.patchU32(start, NFS4.minorVersionMismatch)
    return undefined
  }
  return runOperations({ compound: new Compound(service, call, minor, count), start, countAt })
}

/** A compound, and where its status and its count stand in the reply. */
interface Framed {
  readonly compound: Compound
  readonly start: number
  readonly countAt: number
}

/** Carries out the operations up to one that must wait, whose rest is returned with what follows it. */
function runOperations(framed: Framed): Steps | undefined {
  const { compound } = framed
  while (compound.index < compound.operations) {
    const status = runOperation(compound)
    if (typeof status !== 'number') return waited(framed, status)
    if (isLast(compound, status)) return finish(framed, status)
  }
  return finish(framed, NFS4.ok)
}

function* waited(framed: Framed, waiting: Steps<number>): Steps {
  const status = yield* waiting
  const rest = isLast(framed.compound, status) ? finish(framed, status) : runOperations(framed)
  if (rest !== undefined) yield* rest
}

/** Counts an operation that has ended; true if none is to follow. */
function isLast(compound: Compound, status: number): boolean {
  if (compound.replay !== undefined) return true
  compound.index += 1
  return status !== NFS4.ok
}

function finish({ compound, start, countAt }: Framed, status: number): undefined {
  const { reply } = compound
  if (compound.replay === undefined) {
    reply.patchU32(start, status)
    reply.patchU32(countAt, compound.index)
    keepReply(compound, start)
  } else {
    reply.truncate(start)
    reply.fixed(compound.replay)
  }
}

/** The slot is free for the next request. */
function keepReply({ slot, session, cacheReply, reply, keeper }: Compound, start: number): void {
  if (slot === undefined) return
  slot.busy = false
  if (cacheReply && session?.destroyed === false) keeper.clients.kept.keep(slot, reply.copyFrom(start))
  else keeper.clients.kept.drop(slot)
}

/** Its status, or the steps to it where it must wait. */
function runOperation(compound: Compound): number | Steps<number> {
  const { reply, args } = compound
  if (args.remaining < 4) {
    reply.u32(OP.illegal).u32(NFS4.badXdr)
    return NFS4.badXdr
  }
  const number = args.u32('operation')
  const legal = number >= OP.access && number <= (LAST_OP[compound.minor] ?? 0)
  reply.u32(legal ? number : OP.illegal)
  const at = reply.length
  reply.u32(NFS4.ok)
  const refusal = legal ? refusalOf(compound, number) : NFS4.illegalOperation
  if (refusal !== undefined) {
    reply.patchU32(at, refusal)
    return refusal
  }
  const result = guarded(compound, OPERATIONS[compound.minor]?.[number] ?? notSupported, at)
  if (!ONLY_READS.has(number)) return result
  return typeof result === 'number' ? ifNotTooLong(compound, result, at) : checkedLater(compound, result, at)
}

function* checkedLater(compound: Compound, waiting: Steps<number>, at: number): Steps<number> {
  return ifNotTooLong(compound, yield* waiting, at)
}

function ifNotTooLong(compound: Compound, status: number, at: number): number {
  const tooLong = status === NFS4.ok ? tooLongOf(compound) : undefined
  if (tooLong === undefined) return status
  compound.reply.truncate(at)
  compound.reply.u32(tooLong)
  return tooLong
}

/** They may be refused after they were carried out. What changes something has a short result. */
const ONLY_READS: ReadonlySet<number> = new Set([
  OP.getAttributes,
  OP.read,
  OP.readDirectory,
  OP.readLink,
  OP.readPlus,
  OP.getXattr,
  OP.listXattrs,
  OP.testStateid,
])

/** What the reply is too long for, as far as it is made: the session, or to be kept, RFC 8881 §2.10.6.1.3. */
function tooLongOf({ session, cacheReply, reply }: Compound): number | undefined {
  if (session === undefined) return undefined
  if (reply.length > session.limits.replyBytes) return NFS4.replyTooBig
  return cacheReply && reply.length > session.limits.cachedBytes ? NFS4.replyTooBigToCache : undefined
}

function guarded(compound: Compound, run: Operation, at: number): number | Steps<number> {
  try {
    const steps = run(compound)
    if (steps === undefined) return NFS4.ok
    const first = steps.next()
    return first.done === true ? NFS4.ok : guardedRest(compound, restOf(steps, first.value), at)
  } catch (error) {
    return failed(compound, error, at)
  }
}

function* guardedRest(compound: Compound, steps: Steps, at: number): Steps<number> {
  try {
    yield* steps
    return NFS4.ok
  } catch (error) {
    return failed(compound, error, at)
  }
}

function failed(compound: Compound, error: unknown, at: number): number {
  const { reply } = compound
  const status = statusOf(error, compound)
  if (error instanceof TreeError) compound.current?.served.onRefusal?.(error.code)
  reply.truncate(at)
  reply.u32(status)
  if (error instanceof StatusError) error.encodeResult?.(reply)
  return status
}

/** What ends the compound before the operation begins. */
function refusalOf(compound: Compound, number: number): number | undefined {
  const { index, minor, session, reply, operations } = compound
  if (index >= MAX_OPERATIONS) return minor === 0 ? NFS4.resource : NFS4.tooManyOperations
  if (reply.length > MAX_REPLY_BYTES) return minor === 0 ? NFS4.resource : NFS4.replyTooBig
  if (minor === 0) return undefined
  if (index > 0) {
    if (number === OP.sequence) return NFS4.sequencePosition
    return session === undefined ? NFS4.notOnlyOperation : tooLongOf(compound)
  }
  if (number === OP.sequence) return undefined
  if (!WITHOUT_SESSION.has(number)) return NFS4.operationNotInSession
  return operations > 1 ? NFS4.notOnlyOperation : undefined
}

/** Since 4.1 all others come after a SEQUENCE, RFC 8881 §2.10.2.1. */
const WITHOUT_SESSION: ReadonlySet<number> = new Set([
  OP.exchangeId,
  OP.createSession,
  OP.destroySession,
  OP.bindConnection,
  OP.destroyClientId,
])

const notSupported: Operation = () => {
  throw new StatusError(NFS4.notSupported)
}
