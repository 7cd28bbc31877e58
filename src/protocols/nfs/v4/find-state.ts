import { type ByteString, byteStringFrom } from '../../../wire/bytestring.ts'
import type { Located } from '../located.ts'
import type { Compound } from './compound.ts'
import { SHARE } from './constants.ts'
import type { Client } from './state/client.ts'
import { type LockState, type OpenState, type State, checkSequence } from './state/states.ts'
import { type Stateid, specialOf } from './stateid.ts'
import { NFS4, refuse } from './status.ts'

/** What names a file among all exports. */
export function fileKey({ served, node }: Located): ByteString {
  return `${byteStringFrom(served.key)}${node}`
}

/** The stateid of a state as it is now. */
export function stateidOf({ keeper }: Compound, { sequence, number, owner }: State): Stateid {
  return { sequence, boot: keeper.clients.boot, client: owner.client.number, number }
}

/** The stateid that is meant: the current one where the client says so. @throws {StatusError} NFS4ERR_BAD_STATEID */
export function meant(compound: Compound, stateid: Stateid): Stateid {
  if (!compound.hasSessions || specialOf(stateid) !== 'current') return stateid
  return compound.stateid ?? refuse(NFS4.badStateid)
}

/**
 * The state that a stateid names; in version 4.0 using it renews the client's lease.
 *
 * @throws {StatusError} NFS4ERR_STALE_STATEID, EXPIRED, BAD_STATEID, OLD_STATEID
 */
export function findState(compound: Compound, given: Stateid): State {
  const state = findAnyState(compound, given)
  checkSequence(state, meant(compound, given), compound.hasSessions)
  return state
}

/** The same, whatever the stateid's sequence number: a repeated request has the one before. */
export function findAnyState(compound: Compound, given: Stateid): State {
  const stateid = meant(compound, given)
  if (specialOf(stateid) !== undefined) refuse(NFS4.badStateid)
  const client = clientOf(compound, stateid)
  const state = client.states.get(stateid.number) ?? refuse(NFS4.badStateid)
  if (!compound.hasSessions) compound.keeper.clients.renew(client)
  return state
}

/** The client whose stateid it is, if it may use it here. @throws {StatusError} NFS4ERR_STALE_STATEID, EXPIRED, BAD_STATEID */
export function clientOf(compound: Compound, { boot, client: number }: Stateid): Client {
  const { clients } = compound.keeper
  if (boot !== clients.boot) refuse(compound.hasSessions ? NFS4.badStateid : NFS4.staleStateid)
  const client = clients.get(number) ?? refuse(compound.hasSessions ? NFS4.badStateid : NFS4.expired)
  if (compound.hasSessions ? client !== compound.client : client.hasSessions) refuse(NFS4.badStateid)
  return client
}

/** The open of the current file that a stateid names, whatever its sequence number. @throws {StatusError} */
export function findOpen(compound: Compound, stateid: Stateid): OpenState {
  const state = findAnyState(compound, stateid)
  return state.kind === 'open' && isOfFile(compound, state) ? state : refuse(NFS4.badStateid)
}

/** The locks of the current file that a stateid names, whatever its sequence number. @throws {StatusError} */
export function findLocks(compound: Compound, stateid: Stateid): LockState {
  const state = findAnyState(compound, stateid)
  return state.kind === 'lock' && isOfFile(compound, state) ? state : refuse(NFS4.badStateid)
}

function isOfFile(compound: Compound, { file }: State): boolean {
  return file.key === fileKey(compound.file)
}

/**
 * Whether the current file may be read or written with this stateid. The open it belongs to, or undefined for the
 * special stateids that belong to none, which other clients' share reservations hold back.
 *
 * @throws {StatusError} NFS4ERR_LOCKED, NFS4ERR_OPENMODE and those of {@link findState}
 */
export function checkAccess(compound: Compound, given: Stateid, access: number): OpenState | undefined {
  const stateid = meant(compound, given)
  const special = specialOf(stateid)
  if (special === 'anonymous' || special === 'bypass') {
    const passes = special === 'bypass' && access === SHARE.read
    if (!passes && compound.keeper.states.denies(fileKey(compound.file), access)) refuse(NFS4.locked)
    return undefined
  }
  const state = findState(compound, stateid)
  if (!isOfFile(compound, state)) refuse(NFS4.badStateid)
  const open = state.kind === 'open' ? state : state.open
  // Who writes parts of pages reads them first, so an open for writing allows both.
  if (access === SHARE.write && (open.access & SHARE.write) === 0) refuse(NFS4.openMode)
  return open
}
