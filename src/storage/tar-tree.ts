import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { nextTurn, turnIsOver } from '../sys/turn.ts'
import { readTar } from '../formats/tar/feed.ts'
import { type ByteString, textOf } from '../wire/bytestring.ts'
import { type CachedPages, cachedPages } from '../sys/page-cache.ts'
import type { Awaitable, ByteSource, FilePlace, Region } from './byte-source.ts'
import { type Attributes, type DirectoryEntry, type FileTree, type NodeId, StaleNodeError } from './file-tree.ts'
import { PatientFd } from './patient-fd.ts'
import { TarIndexBuilder } from './tar-index-builder.ts'
import { poolString, type TarIndex, typeOfKind } from './tar-index.ts'

/** Bytes of a read from which on it is asked first whether they are in memory, where it is known how to. */
const LONG = 128 * 1024
/** Entries of a directory that are made at once: a tenth of a millisecond or so. */
const SLICE = 256

/**
 * A tar archive as a tree of files, without unpacking it. Names and attributes are answered at once from the index, and
 * so is content that the page cache has.
 */
export class TarTree implements FileTree {
  readonly root: NodeId
  readonly unchanging = true
  readonly #file: PatientFd
  readonly #index: TarIndex
  readonly #directories = new Map<NodeId, Awaitable<Directory>>()
  /** Of the archive; null where the system cannot tell what is in memory. */
  #pages: CachedPages | null | undefined
  #closed = false

  /** @param fd of the archive; the tree closes it */
  constructor(fd: number, index: TarIndex) {
    this.#file = new PatientFd(fd)
    this.#index = index
    this.root = index.root
  }

  attributes(node: NodeId): Attributes {
    const c = this.#index.columns
    const type = this.#typeOf(node)
    return {
      type,
      mode: (c.kind[node] ?? 0) & 0o7777,
      uid: c.uid[node] ?? 0,
      gid: c.gid[node] ?? 0,
      size: c.size[node] ?? 0,
      usedBytes: c.used[node] ?? 0,
      linkCount: c.links[node] ?? 0,
      device: { major: c.major[node] ?? 0, minor: c.minor[node] ?? 0 },
      modified: { seconds: c.seconds[node] ?? 0, nanoseconds: c.nanoseconds[node] ?? 0 },
    }
  }

  lookup(directory: NodeId, name: ByteString): Awaitable<NodeId | undefined> {
    if (this.#typeOf(directory) !== 'directory') return undefined
    const made = this.#directory(directory)
    return made instanceof Promise ? made.then(({ nodes }) => nodes.get(name)) : made.nodes.get(name)
  }

  parent(directory: NodeId): NodeId {
    this.#typeOf(directory)
    return this.#index.columns.parent[directory] ?? this.root
  }

  list(directory: NodeId): Awaitable<readonly DirectoryEntry[]> {
    if (this.#typeOf(directory) !== 'directory') return []
    const made = this.#directory(directory)
    return made instanceof Promise ? made.then(({ entries }) => entries) : made.entries
  }

  readLink(node: NodeId): ByteString {
    const { from, count } = this.#index.columns
    return this.#typeOf(node) === 'symlink' ? poolString(this.#index, from[node], count[node]) : ''
  }

  /** The content of a regular file; of anything else nothing. */
  open(node: NodeId): ByteSource {
    const size = this.#typeOf(node) === 'file' ? (this.#index.columns.size[node] ?? 0) : 0
    const placeOf = (): FilePlace | undefined => this.#placeOf(node, size)
    return {
      size,
      read: (target, position) => this.#read(node, size, target, position),
      close: async () => undefined,
      seek: (position, region) => (position < size ? this.#seek(node, size, position, region) : undefined),
      get place() {
        return placeOf()
      },
    }
  }

  extendedAttributes(node: NodeId): ReadonlyMap<string, Uint8Array> {
    this.#typeOf(node)
    const c = this.#index.columns
    const from = c.xattrFrom[node] ?? 0
    const found = new Map<string, Uint8Array>()
    for (let at = from; at < from + (c.xattrCount[node] ?? 0); at++) {
      const value = c.xattrValue[at] ?? 0
      const bytes = this.#index.pool.subarray(value, value + (c.xattrValueLength[at] ?? 0))
      found.set(textOf(poolString(this.#index, c.xattrName[at], c.xattrNameLength[at])), new Uint8Array(bytes))
    }
    return found
  }

  statistics(): { readonly nodes: number; readonly bytes: number } {
    return { nodes: this.#index.nodes, bytes: this.#index.bytes }
  }

  /** Calling it twice is fine. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#pages?.close()
    await this.#file.close()
  }

  #typeOf(node: NodeId): Attributes['type'] {
    const type = typeOfKind(this.#index.columns.kind[node])
    if (type === undefined) throw new StaleNodeError(node)
    return type
  }

  /** Made when it is first asked for; a large one in slices, because others have their turn meanwhile. */
  #directory(node: NodeId): Awaitable<Directory> {
    const known = this.#directories.get(node)
    if (known !== undefined) return known
    const directory: Directory = { entries: [], nodes: new Map() }
    const count = this.#index.columns.count[node] ?? 0
    const made = count > SLICE ? this.#makeSlowly(node, directory, count) : this.#make(node, directory, 0, count)
    this.#directories.set(node, made)
    return made
  }
  async #makeSlowly(node: NodeId, directory: Directory, count: number): Promise<Directory> {
    for (let at = 0; at < count; at += SLICE) {
      if (turnIsOver()) await nextTurn()
      this.#make(node, directory, at, Math.min(at + SLICE, count))
    }
    this.#directories.set(node, directory)
    return directory
  }
  #make(node: NodeId, directory: Directory, first: number, end: number): Directory {
    const c = this.#index.columns
    const from = c.from[node] ?? 0
    for (let at = from + first; at < from + end; at++) {
      const entry = { name: poolString(this.#index, c.entryName[at], c.entryLength[at]), node: c.entryNode[at] ?? 0 }
      directory.entries.push(entry)
      directory.nodes.set(entry.name, entry.node)
    }
    return directory
  }

  /** Of a file that has no holes, so that it is one run of bytes. */
  #placeOf(node: NodeId, size: number): FilePlace | undefined {
    const c = this.#index.columns
    const extent = c.from[node] ?? 0
    if (c.count[node] !== 1 || c.extentOffset[extent] !== 0 || c.extentLength[extent] !== size) return undefined
    const offset = c.extentPosition[extent] ?? 0
    const isInMemory = (position: number, length: number): boolean => this.#isInMemory(offset + position, length)
    const read = (target: Uint8Array, position: number): Awaitable<number> => this.#read(node, size, target, position)
    return { fd: this.#file.fd, offset, isInMemory, read }
  }
  #isInMemory(position: number, length: number): boolean {
    if (this.#closed) return false // and its descriptor may belong to another
    if (this.#pages === undefined) {
      const { fd } = this.#file
      this.#pages = cachedPages(fd, fstatSync(fd).size) ?? null
    }
    return this.#pages?.has(position, length) ?? false
  }

  /** At once where the page cache has it; otherwise the medium is waited for elsewhere. */
  #read(node: NodeId, size: number, target: Uint8Array, position: number): Awaitable<number> {
    const length = Math.min(target.byteLength, size - position)
    if (length <= 0) return 0
    const c = this.#index.columns
    const first = c.from[node] ?? 0
    const end = first + (c.count[node] ?? 0)
    let waiting: Promise<void>[] | undefined
    let filled = 0 // bytes of target that are done, holes included
    for (let at = this.#extentAt(first, end, position); at < end && filled < length; at++) {
      const skip = position + filled - (c.extentOffset[at] ?? 0) // negative: a hole comes first
      const hole = Math.min(Math.max(0, -skip), length - filled)
      if (hole > 0) target.fill(0, filled, filled + hole)
      filled += hole
      const wanted = Math.min((c.extentLength[at] ?? 0) - Math.max(0, skip), length - filled)
      const part = wanted === target.byteLength ? target : target.subarray(filled, filled + wanted)
      const filling = this.#fill(part, (c.extentPosition[at] ?? 0) + Math.max(0, skip))
      if (filling !== undefined) (waiting ??= []).push(filling)
      filled += wanted
    }
    if (filled < length) target.fill(0, filled, length)
    return waiting === undefined ? length : Promise.all(waiting).then(() => length)
  }

  /** As `lseek` does; `position` is before the end. */
  #seek(node: NodeId, size: number, position: number, region: Region): number | undefined {
    const c = this.#index.columns
    const first = c.from[node] ?? 0
    const end = first + (c.count[node] ?? 0)
    let place = position
    for (let at = this.#extentAt(first, end, position); at < end; at++) {
      const begins = c.extentOffset[at] ?? 0
      if (c.extentLength[at] === 0) continue // of nothing: how archives tell the length
      if (region === 'data') return Math.max(begins, position)
      if (begins > place) return place
      place = begins + (c.extentLength[at] ?? 0)
    }
    return region === 'data' ? undefined : Math.min(place, size)
  }

  /** The first extent that ends behind `position`; most files have one. */
  #extentAt(first: number, end: number, position: number): number {
    const { extentOffset, extentLength } = this.#index.columns
    let low = first
    let high = end
    while (low < high) {
      const middle = (low + high) >> 1
      if ((extentOffset[middle] ?? 0) + (extentLength[middle] ?? 0) <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  #fill(target: Uint8Array, position: number): Promise<void> | undefined {
    if (this.#closed) throw new Error('Cannot read from an archive that was closed')
    // To try it at once would begin to read ahead, which alone takes milliseconds.
    const waits = target.byteLength >= LONG && this.#pages != null && !this.#pages.has(position, target.byteLength)
    const reading = this.#file.read(target, position, waits)
    if (reading instanceof Promise) return reading.then((count) => checkWhole(count, target, position))
    checkWhole(reading, target, position)
    return undefined
  }
}

function checkWhole(count: number, target: Uint8Array, position: number): void {
  if (count === target.byteLength) return
  throw new Error(`Cannot read the archive at byte ${position + count}: it became shorter`)
}

interface Directory {
  readonly entries: DirectoryEntry[]
  readonly nodes: Map<ByteString, NodeId>
}

/**
 * Opens an archive as a tree.
 *
 * @param index what was kept of it (`loadTarIndex`); without it the archive is scanned
 * @throws {WireError} if it is not a whole tar archive, or has entries outside the tree
 */
export async function openTarTree(path: string, index?: TarIndex): Promise<TarTree> {
  const fd = openSync(path, 'r')
  try {
    return new TarTree(fd, index ?? scan(fd))
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Makes the index of an archive by reading its headers. @throws {WireError} */
export async function scanTar(path: string): Promise<TarIndex> {
  await using file = await open(path, 'r')
  return scan(file.fd)
}

function scan(fd: number): TarIndex {
  const builder = new TarIndexBuilder()
  const read = (target: Uint8Array, position: number): number => readSync(fd, target, 0, target.byteLength, position)
  readTar({ size: fstatSync(fd).size, read }, (entry) => builder.add(entry))
  return builder.finish()
}
