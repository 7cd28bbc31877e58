import type { Steps } from '../../../rpc/steps.ts'
import type { Located } from '../../located.ts'
import type { Granted } from '../../v3/granted.ts'
import { type Bitmap, NO_BITS, writeBitmap } from '../bitmap.ts'
import { type ChangeInfo, UNCHANGED, changeOf, writeChangeInfo } from '../change-info.ts'
import { type Compound, operation } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { fileKey, stateidOf } from '../find-state.ts'
import { inOrder } from '../in-order.ts'
import { unlessLapsed } from '../lapsed.ts'
import { checkName } from '../names.ts'
import { checkGrace, remember } from '../remember.ts'
import { checkOpen, checkSearch, grantedTo, writableTree } from '../rights.ts'
import type { Client } from '../state/client.ts'
import { OpenOwner } from '../state/owners.ts'
import { writeStateid } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'
import { createOrOpen } from './create-file.ts'
import { type OpenArguments, readOpen } from './open-arguments.ts'
import { checkIsFile } from './read.ts'

/** OPEN4_RESULT_*: the client must confirm its owner; locks are those of POSIX. */
const RESULT = { confirm: 2, posixLocks: 4 } as const
const DELEGATE_NONE = 0
/** Owners without open files that a client of version 4.0 may have: their numbers are kept for repetitions. */
const MAX_OWNERS = 8192

/** What an OPEN came to. */
export interface Opened {
  readonly file: Granted
  readonly directory: ChangeInfo
  /** Which of the attributes that the client sent were set. */
  readonly set: Bitmap
  /** It was made just now, so its maker may do with it what it asked for. */
  readonly made: boolean
}

/** OPEN, RFC 8881 §18.16, without delegations. */
export const open = operation(readOpen, function* (compound, args): Steps {
  const client = compound.hasSessions ? compound.client : compound.keeper.clients.confirmed(args.clientId)
  if (!compound.hasSessions) compound.keeper.clients.renew(client)
  const owner = openOwner(client, args.owner)
  try {
    yield* inOrder(compound, owner, args.sequence, () => openFile(compound, owner, args))
  } finally {
    if (compound.hasSessions && owner.opens === 0) client.openOwners.delete(owner.name)
  }
})

/** @throws {StatusError} NFS4ERR_RESOURCE */
function openOwner(client: Client, name: string): OpenOwner {
  const known = client.openOwners.get(name)
  if (known !== undefined) return known
  if (client.openOwners.size >= MAX_OWNERS) forgetIdle(client)
  const owner = new OpenOwner(client, name)
  client.openOwners.set(name, owner)
  return owner
}

function forgetIdle({ openOwners }: Client): void {
  for (const [name, { opens }] of openOwners) if (opens === 0) openOwners.delete(name)
}

function* openFile(compound: Compound, owner: OpenOwner, args: OpenArguments): Steps {
  const access = args.access & SHARE.both
  const { deny, claim } = args
  // Behind the two bits version 4.1 has what the client wishes of delegations.
  if (access === 0 || deny > SHARE.both || (compound.minor === 0 && args.access > SHARE.both)) refuse(NFS4.invalid)
  const { client } = owner
  checkGrace(compound, client, claim.kind === 'previous', deny !== 0)
  const opened = claim.kind === 'name' ? yield* openName(compound, args, claim.name) : openHandle(compound, args)
  const { file, directory, set, made } = opened
  checkIsFileToOpen(compound, file)
  if (claim.kind === 'previous' && (access & SHARE.write) !== 0) writableTree(file)
  else if (!made && claim.kind !== 'previous') checkOpen(file, access)
  yield* remember(compound, client, deny !== 0)
  const state = yield* unlessLapsed(compound, client, fileKey(file), () =>
    compound.keeper.states.open(owner, fileKey(file), access, deny),
  )
  compound.enter(file)
  compound.stateid = stateidOf(compound, state)
  const { reply } = compound
  writeStateid(reply, compound.stateid)
  writeChangeInfo(reply, directory)
  reply.u32(RESULT.posixLocks | (compound.hasSessions || owner.confirmed ? 0 : RESULT.confirm))
  writeBitmap(reply, set)
  reply.u32(DELEGATE_NONE)
}

/** The current file itself. */
function openHandle(compound: Compound, { creation }: OpenArguments): Opened {
  if (creation !== undefined) refuse(NFS4.invalid)
  return { file: compound.file, directory: UNCHANGED, set: NO_BITS, made: false }
}

/** A name in the current directory, which is made if it is not there and the client wants it so. */
function* openName(compound: Compound, { creation }: OpenArguments, name: string): Steps<Opened> {
  const { directory } = compound
  checkName(name)
  checkSearch(directory)
  const located = yield* compound.service.namespace.lookup(directory, name)
  const found = located === undefined ? undefined : (grantedTo(compound.call, located) ?? refuse(NFS4.access))
  if (creation !== undefined) return yield* createOrOpen(directory, name, creation, found)
  const before = changeOf(directory)
  return { file: found ?? refuse(NFS4.noEntry), directory: { before, after: before }, set: NO_BITS, made: false }
}

/** §18.16.3: version 4.0 has one word for all that is neither file nor directory. */
function checkIsFileToOpen(compound: Compound, file: Located): void {
  const { type } = file.attributes
  if (compound.minor === 0 && type !== 'file' && type !== 'directory') refuse(NFS4.symlink)
  checkIsFile(compound, file)
}
