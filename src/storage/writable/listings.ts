import { nextTurn, turnIsOver } from '../../sys/turn.ts'
import { type DirectoryEntry, type NodeId, StaleNodeError } from '../file-tree.ts'
import { lookThrough } from './look-through.ts'
import { cookieOf } from './names.ts'
import { type Resolver, isGone } from './resolver.ts'

interface Listing {
  readonly entries: readonly DirectoryEntry[]
  /** What the directory was like: time of its last change, and the count of those made here. */
  readonly state: string
}

type Entry = Required<DirectoryEntry>

/** A listing is sorted in parts by the upper bits of the cookies, which are spread evenly: 256 of 52 bits and a little. */
const PART = 2 ** 44
const PARTS = 257
/** Entries kept of all directories together. */
const MOST_ENTRIES = 200_000
/** Of a directory that was changed less than this before, a second change might not show: ticks of the clock, in ns. */
const TICK_NS = 20_000_000n

/** Listings of directories. A client asks for a large one page by page: it is kept until the directory changes. */
export class Listings {
  readonly #resolver: Resolver
  /** Least recently used first. */
  readonly #kept = new Map<NodeId, Listing>()
  #entries = 0

  constructor(resolver: Resolver) {
    this.#resolver = resolver
  }

  /**
   * @param mtimeNs of the directory now
   * @param changes how often it was changed through the tree
   * @throws {StaleNodeError} if it goes meanwhile
   */
  async of(directory: NodeId, mtimeNs: bigint, changes: number): Promise<readonly DirectoryEntry[]> {
    const state = `${mtimeNs} ${changes}`
    const kept = this.#take(directory)
    const listing = kept?.state === state ? kept : { state, entries: await this.#read(directory) }
    if (BigInt(Date.now()) * 1_000_000n - mtimeNs > TICK_NS || kept === listing) this.#keep(directory, listing)
    return listing.entries
  }

  async #read(directory: NodeId): Promise<readonly DirectoryEntry[]> {
    const parts: Entry[][] = Array.from({ length: PARTS }, () => [])
    await lookThrough(this.#resolver, directory, (name, { node }) => {
      const cookie = cookieOf(name)
      parts[Math.floor(cookie / PART)]?.push({ name, node, cookie })
    }).catch((error: unknown) => {
      if (isGone(error)) throw new StaleNodeError(directory)
      throw error
    })
    return inOrder(parts)
  }

  #take(directory: NodeId): Listing | undefined {
    const kept = this.#kept.get(directory)
    this.#kept.delete(directory)
    this.#entries -= kept?.entries.length ?? 0
    return kept
  }
  #keep(directory: NodeId, listing: Listing): void {
    this.#take(directory)
    this.#kept.set(directory, listing)
    this.#entries += listing.entries.length
    for (const [oldest] of this.#kept) {
      if (this.#entries <= MOST_ENTRIES) return
      this.#take(oldest)
    }
  }
}

/** All of them in the order of cookies, sorted part by part, in short slices. */
async function inOrder(parts: readonly Entry[][]): Promise<readonly DirectoryEntry[]> {
  const entries: DirectoryEntry[] = []
  for (const part of parts) {
    entries.push(...part.sort((one, other) => one.cookie - other.cookie || (one.name < other.name ? -1 : 1)))
    if (turnIsOver()) await nextTurn()
  }
  return entries
}
