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

  /** Sets a lock that nobody is in the way of. False if there would be too many, or more than `room` more. */
  lock(wanted: RangeLock<Owner>, room = Infinity): boolean {
    let joined = wanted
    const left = this.#replace((lock) => {
      if (lock.owner !== wanted.owner || lock.end < wanted.start || wanted.end < lock.start) return lock
      if (lock.exclusive !== wanted.exclusive) return rest(lock, wanted)
      joined = union(lock, joined) // it overlaps, or is a neighbour
      return NOTHING
    })
    if (left.length >= this.#most(room)) return false
    left.splice(placeOf(left, joined.start), 0, joined)
    this.#locks = left
    return true
  }

  /** Takes these bytes out of the owner's locks. False if splitting one would make too many. */
  unlock(range: Omit<RangeLock<Owner>, 'exclusive'>, room = Infinity): boolean {
    const left = this.#replace((lock) =>
      lock.owner !== range.owner || lock.end <= range.start || range.end <= lock.start ? lock : rest(lock, range),
    )
    if (left.length > this.#most(room)) return false
    this.#locks = left
    return true
  }

  /** Takes all locks of an owner away. */
  release(owner: Owner): void {
    this.#locks = this.#locks.filter((lock) => lock.owner !== owner)
  }

  #most(room: number): number {
    return Math.min(this.#limit, this.#locks.length + room)
  }

  /** The locks in order, each as it is or as its pieces: one pass, since a file may have thousands. */
  #replace(by: (lock: RangeLock<Owner>) => RangeLock<Owner> | readonly RangeLock<Owner>[]): RangeLock<Owner>[] {
    const left: RangeLock<Owner>[] = []
    let split = false
    for (const lock of this.#locks) {
      const kept = by(lock)
      if (!isPieces(kept)) left.push(kept)
      else {
        left.push(...kept)
        split ||= kept.length > 0
      }
    }
    return split ? left.sort(byStart) : left
  }
}

const NOTHING: readonly never[] = []

function isPieces<Owner>(kept: RangeLock<Owner> | readonly RangeLock<Owner>[]): kept is readonly RangeLock<Owner>[] {
  return Array.isArray(kept)
}

/** Where a lock that begins there belongs: behind those that begin no later. */
function placeOf(locks: readonly Range[], start: bigint): number {
  let [low, high] = [0, locks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((locks[middle]?.start ?? start) <= start) low = middle + 1
    else high = middle
  }
  return low
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

function union<Owner>(one: RangeLock<Owner>, other: RangeLock<Owner>): RangeLock<Owner> {
  const start = one.start < other.start ? one.start : other.start
  return { ...other, start, end: one.end > other.end ? one.end : other.end }
}

function byStart(one: Range, other: Range): number {
  return one.start < other.start ? -1 : one.start > other.start ? 1 : 0
}
