import type { ByteString } from '../../../../wire/bytestring.ts'
import type { Steps } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../../rpc/xdr-writer.ts'
import { type Compound, operation } from '../compound.ts'
import { LOCK_TYPE, MAX_OPAQUE_BYTES, SHARE } from '../constants.ts'
import { fileKey, findLocks, findOpen, meant, stateidOf } from '../find-state.ts'
import { inOrder } from '../in-order.ts'
import { unlessLapsed } from '../lapsed.ts'
import { checkGrace, remember } from '../remember.ts'
import type { Client } from '../state/client.ts'
import type { ClientId } from '../state/clients.ts'
import { LockOwner } from '../state/owners.ts'
import { END_OF_FILE, type RangeLock } from '../state/ranges.ts'
import { type LockState, type OpenState, advance, checkSequence } from '../state/states.ts'
import { type Stateid, readStateid, writeStateid } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'
import { readClientId } from './clients40.ts'
import { checkIsFile } from './read.ts'

/** Owners without locks that a client may have; beyond it the idle ones are forgotten. */
const MAX_OWNERS = 8192

interface Range {
  readonly exclusive: boolean
  readonly start: bigint
  readonly end: bigint
}

interface LockerName {
  readonly id: ClientId
  readonly owner: ByteString
}

/** locker4: by the open, the first time an owner locks in a file, later by its own stateid. */
type Locker =
  | { readonly open: Stateid; readonly openSequence: number; readonly sequence: number; readonly name: LockerName }
  | { readonly locks: Stateid; readonly sequence: number }

interface LockArguments {
  readonly exclusive: boolean
  readonly reclaim: boolean
  readonly offset: bigint
  readonly length: bigint
  readonly locker: Locker
}

function readLock(args: XdrReader): LockArguments {
  return {
    exclusive: readType(args),
    reclaim: args.bool('reclaim'),
    offset: readU64(args),
    length: readU64(args),
    locker: args.bool('new lock owner')
      ? {
          openSequence: args.u32('open sequence'),
          open: readStateid(args),
          sequence: args.u32('lock sequence'),
          name: readLockerName(args),
        }
      : { locks: readStateid(args), sequence: args.u32('lock sequence') },
  }
}

/** True of the types for writing. Who would wait asks again: there are no callbacks. */
function readType(args: XdrReader): boolean {
  const type = args.u32('lock type')
  if (type < LOCK_TYPE.read || type > LOCK_TYPE.writeWait) throw args.fail(`the lock type is ${type}, want 1 to 4`)
  return type === LOCK_TYPE.write || type === LOCK_TYPE.writeWait
}

function readLockerName(args: XdrReader): LockerName {
  return { id: readClientId(args), owner: args.string(MAX_OPAQUE_BYTES, 'lock owner') }
}

function readU64(args: XdrReader): bigint {
  return (BigInt(args.u32('offset or length')) << 32n) | BigInt(args.u32('offset or length'))
}

/** RFC 8881 §18.10.3: all ones is "to the end, wherever that is". @throws {StatusError} NFS4ERR_INVAL */
function rangeOf(exclusive: boolean, offset: bigint, length: bigint): Range {
  const end = length === END_OF_FILE - 1n ? END_OF_FILE : offset + length
  if (length === 0n || end > END_OF_FILE) refuse(NFS4.invalid)
  return { exclusive, start: offset, end }
}

/** LOCK, §18.10 */
export const lock = operation(readLock, function* (compound, args): Steps {
  const range = rangeOf(args.exclusive, args.offset, args.length)
  checkIsFile(compound, compound.file)
  const { locker } = args
  if ('locks' in locker) {
    const state = findLocks(compound, locker.locks)
    yield* inOrder(compound, state.owner, locker.sequence, function* (): Steps {
      checkSequence(state, meant(compound, locker.locks), compound.hasSessions)
      yield* setLock(compound, state, range, args.reclaim)
    })
    return
  }
  const open = findOpen(compound, locker.open)
  yield* inOrder(compound, open.owner, locker.openSequence, function* (): Steps {
    checkSequence(open, meant(compound, locker.open), compound.hasSessions)
    const owner = lockOwner(open.owner.client, locker.name.owner)
    if (!compound.hasSessions) owner.sequence = locker.sequence
    yield* firstLock(compound, open, owner, range, args.reclaim)
  })
})

function* firstLock(compound: Compound, open: OpenState, owner: LockOwner, range: Range, reclaim: boolean): Steps {
  const { states } = compound.keeper
  const state = states.lockState(open, owner)
  const isNew = state.sequence === 0
  try {
    yield* setLock(compound, state, range, reclaim)
  } catch (error) {
    if (isNew) states.free(state) // the client never hears of it
    throw error
  }
}

function lockOwner(client: Client, name: ByteString): LockOwner {
  const known = client.lockOwners.get(name)
  if (known !== undefined) return known
  if (client.lockOwners.size >= MAX_OWNERS) {
    for (const [old, { locks }] of client.lockOwners) if (locks === 0) client.lockOwners.delete(old)
  }
  const owner = new LockOwner(client, name)
  client.lockOwners.set(name, owner)
  return owner
}

function* setLock(compound: Compound, state: LockState, range: Range, reclaim: boolean): Steps {
  const { open, owner, file } = state
  if ((open.access & (range.exclusive ? SHARE.write : SHARE.read)) === 0) refuse(NFS4.openMode)
  checkGrace(compound, owner.client, reclaim, false)
  // Where nobody can write, nobody is kept off by a lock for reading.
  yield* remember(compound, owner.client, range.exclusive || compound.file.grant.writes)
  const wanted = { ...range, owner }
  yield* unlessLapsed(compound, owner.client, file.key, () => {
    if (owner.client.states.get(state.number) !== state) refuse(NFS4.badStateid) // it was closed meanwhile
    refuseConflict(compound, file.locks.conflict(wanted))
  })
  compound.keeper.states.lockRange(state, wanted)
  advance(state)
  answer(compound, state)
}

function answer(compound: Compound, state: LockState): void {
  compound.stateid = stateidOf(compound, state)
  writeStateid(compound.reply, compound.stateid)
}

/** @throws {StatusError} NFS4ERR_DENIED */
function refuseConflict(compound: Compound, other: RangeLock<LockOwner> | undefined): void {
  if (other !== undefined) refuse(NFS4.denied, (reply) => writeDenied(compound, reply, other))
}

/** LOCK4denied: whose lock stands in the way. */
function writeDenied(
  { keeper }: Compound,
  reply: XdrWriter,
  { start, end, exclusive, owner }: RangeLock<LockOwner>,
): void {
  writeU64(reply, start)
  writeU64(reply, end === END_OF_FILE ? END_OF_FILE - 1n : end - start)
  reply.u32(exclusive ? LOCK_TYPE.write : LOCK_TYPE.read)
  reply.u32(keeper.clients.boot).u32(owner.client.number).string(owner.name)
}

function writeU64(reply: XdrWriter, value: bigint): void {
  reply.u32(Number(value >> 32n)).u32(Number(value & 0xffff_ffffn))
}

/** LOCKT, §18.11: would it be granted? */
export const testLock = operation(
  (args) => {
    const exclusive = readType(args)
    return { exclusive, offset: readU64(args), length: readU64(args), name: readLockerName(args) }
  },
  function* (compound, { exclusive, offset, length, name }): Steps {
    const range = rangeOf(exclusive, offset, length)
    const { clients, states } = compound.keeper
    checkIsFile(compound, compound.file)
    const client = compound.hasSessions ? compound.client : clients.confirmed(name.id)
    if (!compound.hasSessions) clients.renew(client)
    checkGrace(compound, client, false, false)
    const owner = client.lockOwners.get(name.owner) ?? new LockOwner(client, name.owner)
    const key = fileKey(compound.file)
    const conflict = () => states.locksOf(key)?.conflict({ ...range, owner })
    yield* unlessLapsed(compound, client, key, () => refuseConflict(compound, conflict()))
  },
)

/** LOCKU, §18.12 */
export const unlock = operation(
  (args) => {
    const exclusive = readType(args)
    const sequence = args.u32('sequence')
    return { exclusive, sequence, stateid: readStateid(args), offset: readU64(args), length: readU64(args) }
  },
  function* (compound, { exclusive, sequence, stateid, offset, length }): Steps {
    const range = rangeOf(exclusive, offset, length)
    const state = findLocks(compound, stateid)
    const { owner } = state
    yield* inOrder(compound, owner, sequence, () => {
      checkSequence(state, meant(compound, stateid), compound.hasSessions)
      compound.keeper.states.unlockRange(state, { ...range, owner })
      advance(state)
      answer(compound, state)
      return undefined
    })
  },
)
