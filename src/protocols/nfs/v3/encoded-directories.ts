import { nextTurn, turnIsOver } from '../../../sys/turn.ts'
import type { Awaitable } from '../../../storage/byte-source.ts'
import type { DirectoryEntry, FileTree, NodeId } from '../../../storage/file-tree.ts'
import { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Located, ServedExport } from '../located.ts'
import { DIRECTORY_BATCH } from './constants.ts'
import { type Entries, countOf, encodeEntry, encodePlus, entryAt, entryBytes, PLUS_BYTES } from './entries.ts'

/** What is kept of all directories together. */
const MOST_BYTES = 32 * 1024 * 1024
/** A directory with fewer entries is written as fast as it is looked up; one with more would take what there is room for. */
const FEWEST_ENTRIES = 16
const MOST_ENTRIES = 32_768
/** Bytes from which on what was written is kept as it lies there: a copy would take as long as the writing. */
const LARGE = 2 * 1024 * 1024

/** All entries of a directory as READDIRPLUS sends them, one behind the other. */
export interface EncodedDirectory {
  readonly bytes: Buffer
  /** Where each entry ends. */
  readonly ends: Uint32Array
}

interface Kept {
  readonly tree: FileTree
  readonly node: NodeId
  readonly key: Uint8Array
  made: Awaitable<EncodedDirectory>
  bytes: number
}

/**
 * Directories of trees that never change, ready to send: a hundred machines that start from one release all list the
 * same ones.
 */
export class EncodedDirectories {
  readonly #trees = new WeakMap<FileTree, Map<NodeId, Kept>>()
  /** Least recently used first. */
  readonly #kept = new Set<Kept>()
  #bytes = 0

  /** The directory with these entries; undefined where its entries are to be written one by one. */
  of({ served, node }: Located, entries: Entries): Awaitable<EncodedDirectory> | undefined {
    const count = entries.listed.length
    if (served.tree.unchanging !== true || count < FEWEST_ENTRIES || count > MOST_ENTRIES) return undefined
    const known = this.#trees.get(served.tree)?.get(node)
    if (known === undefined) return this.#make(served, node, entries)
    if (known.key !== served.key && Buffer.compare(known.key, served.key) !== 0) return undefined // its handles are others
    this.#kept.delete(known)
    this.#kept.add(known)
    return known.made
  }

  #make(served: ServedExport, node: NodeId, entries: Entries): Promise<EncodedDirectory> {
    const { tree, key } = served
    const made = encode(served, entries)
    const kept: Kept = { tree, node, key, made, bytes: 0 }
    const nodes = this.#trees.get(tree) ?? new Map<NodeId, Kept>()
    this.#trees.set(tree, nodes.set(node, kept))
    this.#kept.add(kept)
    return made.then(
      (directory) => this.#keep(kept, directory),
      (error: unknown) => {
        this.#drop(kept)
        throw error
      },
    )
  }

  #keep(kept: Kept, directory: EncodedDirectory): EncodedDirectory {
    kept.made = directory
    kept.bytes = directory.bytes.byteLength + directory.ends.byteLength
    this.#bytes += kept.bytes
    for (const oldest of this.#kept) {
      if (this.#bytes <= MOST_BYTES) break
      this.#drop(oldest)
    }
    return directory
  }
  #drop(kept: Kept): void {
    this.#kept.delete(kept)
    this.#trees.get(kept.tree)?.delete(kept.node)
    this.#bytes -= kept.bytes
  }
}

/** How many entries the client has after a page that begins at `first` and has this room, RFC 1813 §3.3.17. */
export function endOfPage({ ends }: EncodedDirectory, first: number, room: number, nameBytes: number): number {
  const start = ends[first - 1] ?? 0
  const fits = (end: number): boolean => {
    const bytes = (ends[end - 1] ?? 0) - start
    const names = bytes - (end - first) * (PLUS_BYTES + 4)
    return bytes <= room && (names <= nameBytes || end === first + 1)
  }
  let [low, high] = [first, ends.length]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (fits(middle)) low = middle
    else high = middle - 1
  }
  return low
}

/** The entries from `first` up to `end`. */
export function bytesBetween({ bytes, ends }: EncodedDirectory, first: number, end: number): Buffer {
  return bytes.subarray(ends[first - 1] ?? 0, ends[end - 1] ?? 0)
}

async function encode(served: ServedExport, entries: Entries): Promise<EncodedDirectory> {
  const count = countOf(entries)
  const ends = new Uint32Array(count)
  const w = new XdrWriter()
  w.begin()
  w.reserve(bytesOfAll(entries))
  w.truncate(0)
  for (let place = 0; place < count; place += 1) {
    const entry = entryAt(entries, place)
    if (entry === undefined) break
    const attributes = served.tree.attributes(entry.node)
    encodeEntry(w, entry, place)
    encodePlus(w, served, entry.node, attributes instanceof Promise ? await attributes : attributes)
    ends[place] = w.length
    if (place % DIRECTORY_BATCH === 0 && turnIsOver()) await nextTurn()
  }
  return { bytes: w.length < LARGE ? w.takeCopy() : (w.takeAll()?.bytes ?? w.takeCopy()), ends }
}

function bytesOfAll(entries: Entries): number {
  const bytesOf = (some: readonly DirectoryEntry[]): number =>
    some.reduce((sum, entry) => sum + entryBytes(entry) + PLUS_BYTES, 0)
  return bytesOf(entries.dots) + bytesOf(entries.listed)
}
