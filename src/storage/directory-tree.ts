import {
  type BigIntStats,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  closeSync,
  readdirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { type ByteString, byteStringFrom, bytesOf } from '../wire/bytestring.ts'
import type { ByteSource } from './byte-source.ts'
import { type Attributes, type DirectoryEntry, type FileTree, type NodeId, StaleNodeError } from './file-tree.ts'
import { attributesOf } from './host-stats.ts'
import { readXattrs } from './xattrs.ts'

/** Where a node was last seen. */
interface Place {
  readonly parent: NodeId
  readonly name: ByteString
}

/** Not more often than this the whole directory is searched for a node, milliseconds. */
const SEARCH_PAUSE = 10_000
const NO_NODE = Buffer.alloc(0)

/**
 * A directory of this host, read-only. Node numbers are its inode numbers, hence the same after a restart. Nothing
 * outside is ever reached: symlinks are never followed, what is opened must be the inode that the node names, and
 * other file systems mounted inside are left out.
 */
export class DirectoryTree implements FileTree {
  readonly root: NodeId
  readonly #path: Buffer
  readonly #device: bigint
  readonly #places = new Map<NodeId, Place>()
  #searched = -Infinity

  /** @throws the system's error, if the directory cannot be read */
  constructor(path: string) {
    this.#path = Buffer.from(path)
    const stats = lstatSync(Buffer.concat([this.#path, Buffer.from('/.')]), { bigint: true })
    this.#device = stats.dev
    this.root = Number(stats.ino)
  }

  attributes(node: NodeId): Attributes {
    return attributesOf(this.#stat(node))
  }

  lookup(directory: NodeId, name: ByteString): NodeId | undefined {
    const stats = this.#stat(directory)
    if (!stats.isDirectory() || !isPlainName(name)) return undefined
    return this.#see(directory, name)
  }

  parent(directory: NodeId): NodeId {
    this.#stat(directory)
    return this.#places.get(directory)?.parent ?? this.root
  }

  /** In the order of the names, which stays the same whatever the file system does. */
  list(directory: NodeId): readonly DirectoryEntry[] {
    if (!this.#stat(directory).isDirectory()) return []
    const names = readdirSync(this.#pathOf(directory), { encoding: 'buffer' }).map(byteStringFrom).sort()
    return names.flatMap((name) => {
      const node = this.#see(directory, name)
      return node === undefined ? [] : [{ name, node }]
    })
  }

  readLink(node: NodeId): ByteString {
    return this.#stat(node).isSymbolicLink() ? byteStringFrom(readlinkSync(this.#pathOf(node), 'buffer')) : ''
  }

  open(node: NodeId): ByteSource {
    if (!this.#stat(node).isFile()) return { size: 0, read: () => 0, close: async () => undefined }
    const fd = openSync(this.#pathOf(node), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const stats = fstatSync(fd, { bigint: true })
    if (!this.#is(stats, node)) {
      closeSync(fd)
      throw new StaleNodeError(node) // replaced in between
    }
    return new OpenFile(fd, Number(stats.size))
  }

  /** As far as the program `getfattr` of this host can tell them. */
  async extendedAttributes(node: NodeId): Promise<ReadonlyMap<string, Uint8Array>> {
    this.#stat(node)
    return readXattrs(this.#pathOf(node))
  }

  /** Counts by walking, so it takes a while for a large tree. */
  statistics(): { readonly nodes: number; readonly bytes: number } {
    const seen = new Map<NodeId, number>()
    this.#walk(this.root, (node) => seen.set(node, this.attributes(node).usedBytes) !== undefined)
    seen.set(this.root, 0)
    return { nodes: seen.size, bytes: [...seen.values()].reduce((sum, bytes) => sum + bytes, 0) }
  }

  async close(): Promise<void> {
    this.#places.clear()
  }

  /** Notes where a name leads to. Undefined where there is nothing, or another file system. */
  #see(directory: NodeId, name: ByteString): NodeId | undefined {
    const path = Buffer.concat([this.#pathOf(directory), Buffer.from('/'), bytesOf(name)])
    const stats = statOrNone(path)
    if (stats === undefined || stats.dev !== this.#device) return undefined
    const node = Number(stats.ino)
    if (node !== this.root) this.#places.set(node, { parent: directory, name })
    return node
  }

  #stat(node: NodeId): BigIntStats {
    return this.#statKnown(node) ?? this.#search(node)
  }
  #statKnown(node: NodeId): BigIntStats | undefined {
    const path = this.#pathOf(node)
    const stats = path.byteLength === 0 ? undefined : statOrNone(path)
    return stats !== undefined && this.#is(stats, node) ? stats : undefined
  }
  #is(stats: BigIntStats, node: NodeId): boolean {
    return stats.dev === this.#device && Number(stats.ino) === node
  }

  /** A node of before a restart, or one that was moved: looks through the whole tree, now and then. */
  #search(node: NodeId): BigIntStats {
    this.#places.delete(node)
    if (performance.now() - this.#searched > SEARCH_PAUSE) {
      this.#searched = performance.now()
      this.#walk(this.root, (found) => found !== node)
      const stats = this.#statKnown(node)
      if (stats !== undefined) return stats
    }
    throw new StaleNodeError(node)
  }

  /** Visits everything below until `visit` says false. */
  #walk(from: NodeId, visit: (node: NodeId) => boolean): void {
    const queue = [from]
    for (const directory of queue) {
      for (const { node } of this.list(directory)) {
        if (!visit(node)) return
        if (this.attributes(node).type === 'directory') queue.push(node)
      }
    }
  }

  /** Empty if the node was never seen. */
  #pathOf(node: NodeId): Buffer {
    const names: Uint8Array[] = []
    const passed = new Set<NodeId>()
    for (let at = node; at !== this.root; ) {
      const place = this.#places.get(at)
      if (place === undefined || passed.has(at)) return NO_NODE // moved below itself: its place is long out of date
      passed.add(at)
      names.push(bytesOf(place.name), Buffer.from('/'))
      at = place.parent
    }
    return Buffer.concat([this.#path, Buffer.from(names.length === 0 ? '/.' : ''), ...names.reverse()])
  }
}

class OpenFile implements ByteSource {
  readonly size: number
  #fd: number | undefined

  constructor(fd: number, size: number) {
    this.#fd = fd
    this.size = size
  }
  read(target: Uint8Array, position: number): number {
    if (this.#fd === undefined) throw new Error('Cannot read from a file that was closed')
    const length = Math.min(target.byteLength, this.size - position)
    let filled = 0
    while (filled < length) {
      const count = readSync(this.#fd, target, filled, length - filled, position + filled)
      if (count === 0) break // it became shorter
      filled += count
    }
    return filled
  }
  async close(): Promise<void> {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

function statOrNone(path: Buffer): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOTDIR' || code === 'ENAMETOOLONG' || code === 'EACCES') return undefined
    throw error
  }
}

function isPlainName(name: ByteString): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('/') && !name.includes('\0')
}
