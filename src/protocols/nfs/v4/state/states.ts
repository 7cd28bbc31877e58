import type { ByteString } from '../../../../wire/bytestring.ts'
import { type Stateid, sequenceIsZero } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'
import type { Client } from './client.ts'
import type { LockOwner, OpenOwner } from './owners.ts'
import { type RangeLock, RangeLocks } from './ranges.ts'

type Share = 'reads' | 'writes' | 'deniesReads' | 'deniesWrites'

/** A file that somebody has open. */
export interface FileState {
  /** Export and node, as a key. */
  readonly key: ByteString
  readonly opens: Map<OpenOwner, OpenState>
  readonly lockStates: Map<LockOwner, LockState>
  readonly locks: RangeLocks<LockOwner>
  /** How many of the opens allow themselves, and deny others, to read and to write: nobody counts them each time. */
  readonly shares: Record<Share, number>
}

/** That an owner has a file open: one of these, however often it opened it. */
export interface OpenState {
  readonly kind: 'open'
  readonly number: number
  sequence: number
  readonly owner: OpenOwner
  readonly file: FileState
  /** What it may do: bits of `SHARE`. */
  access: number
  /** What nobody else may do meanwhile. */
  deny: number
  /** Each combination that it was opened with, `access | deny << 2`: what OPEN_DOWNGRADE may go back to. */
  readonly grants: Set<number>
  readonly lockStates: Set<LockState>
}

/** That an owner has, or had, locks in a file. */
export interface LockState {
  readonly kind: 'lock'
  readonly number: number
  sequence: number
  readonly owner: LockOwner
  readonly open: OpenState
  readonly file: FileState
}

export type State = OpenState | LockState

type RangeChange = (locks: RangeLocks<LockOwner>, room: number) => void

/** Of opens and lock states together, and as many of byte ranges. */
export interface StateLimits {
  readonly perClient: number
  readonly inAll: number
}

/** A Linux machine that does much has some thousand files open. Half a kilobyte each. */
export const STATE_LIMITS: StateLimits = { perClient: 32_768, inAll: 131_072 }

/** Who has which files open and which bytes locked. No sockets, no files, no clock. */
export class States {
  readonly #files = new Map<ByteString, FileState>()
  readonly #limits: StateLimits
  #count = 0
  #ranges = 0
  #lastNumber = 0

  constructor(limits: StateLimits = STATE_LIMITS) {
    this.#limits = limits
  }

  /** Byte ranges that are locked, of all clients. */
  get ranges(): number {
    return this.#ranges
  }

  /** Opens and lock states of all clients. */
  get count(): number {
    return this.#count
  }

  /**
   * Opens a file, or widens what the owner has open of it.
   *
   * @throws {StatusError} NFS4ERR_SHARE_DENIED, or NFS4ERR_RESOURCE when there are too many
   */
  open(owner: OpenOwner, key: ByteString, access: number, deny: number): OpenState {
    const file = this.#files.get(key)
    const own = file?.opens.get(owner)
    if (file !== undefined && denied(file, own, access, deny)) refuse(NFS4.shareDenied)
    const open = own ?? this.#newOpen(owner, key)
    if (own !== undefined) advance(open)
    setShares(open, open.access | access, open.deny | deny)
    open.grants.add(access | (deny << 2))
    return open
  }

  /** True if an open forbids others to do this. */
  denies(key: ByteString, access: number): boolean {
    const file = this.#files.get(key)
    return file !== undefined && denied(file, undefined, access, 0)
  }

  /** The clients that have a file open. */
  clientsWith(key: ByteString): readonly Client[] {
    const file = this.#files.get(key)
    return file === undefined ? [] : [...new Set([...file.opens.keys()].map(({ client }) => client))]
  }

  /** Goes back to less, RFC 8881 §18.18. @throws {StatusError} NFS4ERR_INVAL if the file was not opened so */
  downgrade(open: OpenState, access: number, deny: number): void {
    const within = (open.access & access) === access && (open.deny & deny) === deny
    if (!within || !reachable(open, access, deny)) refuse(NFS4.invalid)
    for (const grant of open.grants) {
      if ((grant & 3 & ~access) !== 0 || ((grant >> 2) & ~deny) !== 0) open.grants.delete(grant)
    }
    setShares(open, access, deny)
    advance(open)
  }

  /** Closes a file; the locks that depend on it go with it. */
  close(open: OpenState): void {
    for (const lock of open.lockStates) this.free(lock)
    setShares(open, 0, 0)
    open.file.opens.delete(open.owner)
    open.owner.opens -= 1
    this.#forget(open.owner.client, open.number)
    if (open.file.opens.size === 0) this.#files.delete(open.file.key)
  }

  /** The lock state of an owner in a file; a new one if it has none. @throws {StatusError} NFS4ERR_RESOURCE */
  lockState(open: OpenState, owner: LockOwner): LockState {
    const known = open.file.lockStates.get(owner)
    if (known !== undefined) return known
    const number = this.#newNumber(owner.client)
    const state: LockState = { kind: 'lock', number, sequence: 0, owner, open, file: open.file }
    owner.client.states.set(number, state)
    open.lockStates.add(state)
    open.file.lockStates.set(owner, state)
    owner.locks += 1
    return state
  }

  /** Locks bytes that nobody else has. @throws {StatusError} NFS4ERR_RESOURCE */
  lockRange(state: LockState, wanted: RangeLock<LockOwner>): void {
    this.#counted(state, (locks, room) => locks.lock(wanted, room) || refuse(NFS4.resource))
  }

  /** Unlocks bytes. @throws {StatusError} NFS4ERR_RESOURCE if a lock cannot be split */
  unlockRange(state: LockState, range: Omit<RangeLock<LockOwner>, 'exclusive'>): void {
    this.#counted(state, (locks, room) => locks.unlock(range, room) || refuse(NFS4.resource))
  }

  /** Gives back a lock state, with the locks if there are any. */
  free(lock: LockState): void {
    this.#counted(lock, (locks) => locks.release(lock.owner))
    lock.open.lockStates.delete(lock)
    lock.file.lockStates.delete(lock.owner)
    lock.owner.locks -= 1
    this.#forget(lock.owner.client, lock.number)
  }

  /** The locks of a file, if anybody has it open. */
  locksOf(key: ByteString): RangeLocks<LockOwner> | undefined {
    return this.#files.get(key)?.locks
  }

  /** Gives back everything of a client. */
  freeAll(client: Client): void {
    for (const state of client.states.values()) if (state.kind === 'open') this.close(state)
  }

  /** Changes the locks of a file, and keeps count of them. */
  #counted({ file: { locks }, owner: { client } }: LockState, change: RangeChange): void {
    const before = locks.size
    change(locks, Math.min(this.#limits.perClient - client.ranges, this.#limits.inAll - this.#ranges))
    client.ranges += locks.size - before
    this.#ranges += locks.size - before
  }

  #newOpen(owner: OpenOwner, key: ByteString): OpenState {
    const number = this.#newNumber(owner.client)
    const file = this.#files.get(key) ?? newFile(key)
    this.#files.set(key, file)
    const open: OpenState = {
      kind: 'open',
      number,
      sequence: 1,
      owner,
      file,
      access: 0,
      deny: 0,
      grants: new Set(),
      lockStates: new Set(),
    }
    file.opens.set(owner, open)
    owner.client.states.set(number, open)
    owner.opens += 1
    return open
  }

  #newNumber(client: Client): number {
    if (client.states.size >= this.#limits.perClient || this.#count >= this.#limits.inAll) refuse(NFS4.resource)
    this.#count += 1
    this.#lastNumber = (this.#lastNumber + 1) >>> 0
    return this.#lastNumber
  }

  #forget(client: Client, number: number): void {
    if (client.states.delete(number)) this.#count -= 1
  }
}

/** Its stateid has changed, RFC 8881 §8.2.2: 0 is left out, since it means "the present one". */
export function advance(state: State): void {
  state.sequence = (state.sequence + 1) >>> 0 || 1
}

/**
 * Checks the sequence number of a stateid against the state's.
 *
 * @throws {StatusError} NFS4ERR_OLD_STATEID, or NFS4ERR_BAD_STATEID for one that was never given out
 */
export function checkSequence(state: State, stateid: Stateid, hasSessions: boolean): void {
  if (stateid.sequence === state.sequence || (hasSessions && sequenceIsZero(stateid))) return
  refuse(stateid.sequence < state.sequence ? NFS4.oldStateid : NFS4.badStateid)
}

function newFile(key: ByteString): FileState {
  const shares = { reads: 0, writes: 0, deniesReads: 0, deniesWrites: 0 }
  return { key, opens: new Map(), lockStates: new Map(), locks: new RangeLocks(), shares }
}

const SHARES: readonly Share[] = ['reads', 'writes', 'deniesReads', 'deniesWrites']

/** 1 for each of the shares that these rights have. */
function sharesOf(access: number, deny: number): Record<Share, number> {
  return { reads: access & 1, writes: access >> 1, deniesReads: deny & 1, deniesWrites: deny >> 1 }
}

function setShares(open: OpenState, access: number, deny: number): void {
  const [before, after] = [sharesOf(open.access, open.deny), sharesOf(access, deny)]
  for (const share of SHARES) open.file.shares[share] += after[share] - before[share]
  open.access = access
  open.deny = deny
}

/** True if somebody else's open, not `own`, stands in the way. */
function denied({ shares }: FileState, own: OpenState | undefined, access: number, deny: number): boolean {
  const mine = sharesOf(own?.access ?? 0, own?.deny ?? 0)
  const wanted = sharesOf(access, deny)
  const others = (share: Share): boolean => shares[share] > mine[share]
  return (
    (wanted.reads === 1 && others('deniesReads')) ||
    (wanted.writes === 1 && others('deniesWrites')) ||
    (wanted.deniesReads === 1 && others('reads')) ||
    (wanted.deniesWrites === 1 && others('writes'))
  )
}

/** True if opens of these rights together gave exactly this. */
function reachable({ grants }: OpenState, access: number, deny: number): boolean {
  let gotAccess = 0
  let gotDeny = 0
  for (const grant of grants) {
    if ((grant & 3 & ~access) !== 0 || ((grant >> 2) & ~deny) !== 0) continue
    gotAccess |= grant & 3
    gotDeny |= grant >> 2
  }
  return gotAccess === access && gotDeny === deny
}
