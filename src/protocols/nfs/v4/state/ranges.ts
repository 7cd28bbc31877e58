/** What bytes are locked, by whom: `end` is the first byte behind it. */
export interface RangeLock<Owner> {
  readonly owner: Owner
  readonly exclusive: boolean
  readonly start: bigint
  readonly end: bigint
}

/** Behind the last byte that a lock can have. */
export const END_OF_FILE = 1n << 64n

/**
 * The byte-range locks of one file, with the rules of POSIX fcntl(): an owner's new lock replaces what it has of these
 * bytes, unlocking may split one in two, equal neighbours are one. At most `limit` per file.
 */
export class RangeLocks<Owner> {
  #locks: RangeLock<Owner>[] = []
  readonly #limit: number

  constructor(limit = 4096) {
    this.#limit = limit
  }

  get size(): number {
    return this.#locks.length
  }

  /** The first lock of another owner that stands in the way of this one. */
  conflict(wanted: RangeLock<Owner>): RangeLock<Owner> | undefined {
    return this.#locks.find(
      (lock) => lock.owner !== wanted.owner && overlap(lock, wanted) && (lock.exclusive || wanted.exclusive),
    )
  }

  /** True if the owner has any lock. */
  holds(owner: Owner): boolean {
    return this.#locks.some((lock) => lock.owner === owner)
  }

  /** Sets a lock that nobody is in the way of. False if there would be too many. */
  lock(wanted: RangeLock<Owner>): boolean {
    const others = this.#without(wanted)
    if (others.length >= this.#limit) return false
    const joined = others.reduce((whole, lock) => (mergeable(lock, whole) ? union(lock, whole) : whole), wanted)
    this.#locks = [...others.filter((lock) => !mergeable(lock, joined)), joined].sort(byStart)
    return true
  }

  /** Takes these bytes out of the owner's locks. False if splitting one would make too many. */
  unlock(range: Omit<RangeLock<Owner>, 'exclusive'>): boolean {
    const left = this.#without(range)
    if (left.length > this.#limit) return false
    this.#locks = left
    return true
  }

  /** Takes all locks of an owner away. */
  release(owner: Owner): void {
    this.#locks = this.#locks.filter((lock) => lock.owner !== owner)
  }

  #without(range: Omit<RangeLock<Owner>, 'exclusive'>): RangeLock<Owner>[] {
    return this.#locks
      .flatMap((lock) => (lock.owner === range.owner && overlap(lock, range) ? rest(lock, range) : [lock]))
      .sort(byStart)
  }
}

type Range = Pick<RangeLock<unknown>, 'start' | 'end'>

function overlap(one: Range, other: Range): boolean {
  return one.start < other.end && other.start < one.end
}

/** What is left of a lock when the range is taken out: nothing, one piece, or two. */
function rest<Owner>(lock: RangeLock<Owner>, { start, end }: Range): RangeLock<Owner>[] {
  const before = { ...lock, end: start }
  const behind = { ...lock, start: end }
  return [before, behind].filter((piece) => piece.start < piece.end)
}

function mergeable<Owner>(one: RangeLock<Owner>, other: RangeLock<Owner>): boolean {
  const touch = one.start <= other.end && other.start <= one.end
  return touch && one.owner === other.owner && one.exclusive === other.exclusive
}

function union<Owner>(one: RangeLock<Owner>, other: RangeLock<Owner>): RangeLock<Owner> {
  const start = one.start < other.start ? one.start : other.start
  return { ...other, start, end: one.end > other.end ? one.end : other.end }
}

function byStart(one: Range, other: Range): number {
  return one.start < other.start ? -1 : one.start > other.start ? 1 : 0
}
