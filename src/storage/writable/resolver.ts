import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs'
import type { ByteString } from '../../wire/bytestring.ts'
import type { Awaitable } from '../byte-source.ts'
import { type NodeId, StaleNodeError } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { DirectoryFds } from './directory-fds.ts'
import { codeOf, unless } from './errors.ts'
import { nodeOf } from './identity.ts'
import { ColdNameError, HOST, type Medium } from './medium.ts'
import { isName } from './names.ts'
import { reopen, withFd } from './open-node.ts'
import { Places } from './places.ts'

/** Open for nothing but to be a place: needs no permission and does nothing to what is opened. */
const O_PATH = 0o10_000_000
const AS_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW
/** The same, of `/proc/self/fd/N`, which is a symlink. */
const AS_DIRECTORY_FD = O_PATH | constants.O_DIRECTORY
const NOT_THERE = ['ENOENT', 'EACCES']

/** A node that is not where it was seen last: a search may find it. */
export class LostNodeError extends Error {
  readonly node: NodeId

  constructor(node: NodeId) {
    super(`Node ${node} is not where it was`)
    this.node = node
  }
}

/** A node where it was found just now. */
export interface Found {
  readonly node: NodeId
  readonly stats: BigIntStats
  /** Leads to it as long as nobody moves it; a symlink is not followed unless something is added. */
  readonly path: Buffer
}

/** What the medium said of names, by directory and name; undefined where there is nothing. */
export type Told = Map<string, BigIntStats | undefined>

/**
 * Finds nodes in a directory of this host, and never leaves it, whoever renames and links in it meanwhile: each step is
 * one name looked up in a directory that is held open, `/proc/self/fd/N/NAME`, without following a symlink, and what is
 * found must be the very inode that the node names. Other file systems mounted inside are left out.
 */
export class Resolver {
  readonly root: NodeId
  readonly places = new Places()
  readonly #rootFd: number
  readonly #device: bigint
  readonly #fds = new DirectoryFds()
  readonly #medium: Medium
  /** Set while nothing may wait for the medium. */
  #told: Told | undefined

  /** @throws the system's error, if there is no such directory */
  constructor(path: string, medium = HOST) {
    this.#medium = medium
    this.#rootFd = openSync(path, O_PATH | constants.O_DIRECTORY)
    const stats = fstatSync(this.#rootFd, { bigint: true })
    this.#device = stats.dev
    this.root = nodeOf(stats)
  }

  close(): void {
    this.#fds.clear()
    this.places.clear()
    closeSync(this.#rootFd)
  }

  /** A descriptor of a directory, good until the next call. @throws {LostNodeError} and {@link TreeError} ENOTDIR */
  directory(node: NodeId): number {
    if (node === this.root) return this.#rootFd
    const known = this.#fds.get(node)
    if (known !== undefined) return known
    const { path, stats } = this.find(node)
    if (!stats.isDirectory()) throw new TreeError('ENOTDIR', `Node ${node} is no directory`)
    const fd = unless(['ENOENT', 'ENOTDIR', 'ELOOP'], () => openSync(path, AS_DIRECTORY))
    if (fd === undefined) throw new LostNodeError(node)
    if (nodeOf(fstatSync(fd, { bigint: true })) === node) return this.#fds.add(node, fd)
    closeSync(fd)
    throw new LostNodeError(node)
  }

  /** A node, looked at now. @throws {LostNodeError} */
  find(node: NodeId): Found {
    const fd = node === this.root ? this.#rootFd : this.#fds.get(node)
    if (fd !== undefined) return this.#findOpen(node, fd)
    const place = this.places.get(node)
    if (place === undefined) throw new LostNodeError(node)
    const found = this.see(place.parent, place.name)
    if (found?.node === node) return found
    if (this.places.remove(node, place.parent, place.name)) return this.find(node)
    throw new LostNodeError(node)
  }

  /** Where a name would be. @throws {LostNodeError} and {@link TreeError} ENOTDIR */
  pathOf(directory: NodeId, name: ByteString): Buffer {
    return pathIn(this.directory(directory), name)
  }

  /** What a name leads to; undefined where there is nothing, or another file system. @throws as `pathOf` */
  see(directory: NodeId, name: ByteString): Found | undefined {
    if (!isName(name)) return undefined
    const path = this.pathOf(directory, name)
    return this.#found(directory, name, path, this.#look(directory, name, path))
  }

  /**
   * Does something without waiting for the medium.
   *
   * @param told what it said before: each {@link ColdNameError} is one more to ask for, with {@link ask}
   * @throws {ColdNameError} where a name is not in memory
   */
  patiently<T>(told: Told, use: () => T): T {
    return this.#with(told, use)
  }
  /** Does something whatever it waits for: what was begun cannot be done anew. */
  atOnce<T>(use: () => T): T {
    return this.#with(undefined, use)
  }
  /** Asks the medium for a name. @throws as `directory` */
  async ask({ directory, entry }: ColdNameError, told: Told): Promise<void> {
    // Held: while the question waits for its turn, the descriptor could be closed and be that of something else.
    const place = this.hold(directory)
    try {
      told.set(keyOf(directory, entry), await this.#askIn(place, entry))
    } finally {
      closeSync(place)
    }
  }

  /** A descriptor of a directory of the caller's own, to be closed. @throws as `directory` */
  hold(directory: NodeId): number {
    return reopen(this.directory(directory), AS_DIRECTORY_FD)
  }
  /** Where a node was found just now, for later: close the descriptor. @throws {LostNodeError} */
  holdPlace(node: NodeId): { readonly fd: number; readonly path: Buffer } {
    const place = this.places.get(node)
    if (place === undefined) throw new LostNodeError(node)
    const fd = this.hold(place.parent)
    return { fd, path: pathIn(fd, place.name) }
  }
  /** The names in a directory, in no order. @param place from {@link hold} @throws the system's error */
  names(place: number): AsyncIterable<ByteString> {
    return this.#medium.names(`/proc/self/fd/${place}`)
  }
  /**
   * What a name leads to, if that is in memory, otherwise later.
   *
   * @param place of the directory, from {@link hold}: it must be open until then
   */
  seeSoon(directory: NodeId, place: number, name: ByteString): Awaitable<Found | undefined> {
    if (!isName(name)) return undefined
    const path = pathIn(place, name)
    const stats = this.#inMemory(place, name)
    if (stats !== 'waits') return this.#found(directory, name, path, stats === 'untold' ? lookAtOnce(path) : stats)
    return this.#askIn(place, name).then((asked) => this.#found(directory, name, path, asked))
  }

  /** The directory above. @throws as `directory` */
  parent(directory: NodeId): NodeId {
    if (directory === this.root) return this.root
    const path = `/proc/self/fd/${this.directory(directory)}/..`
    const node = nodeOf(lstatSync(path, { bigint: true }))
    return node
  }

  /** A name has gone. */
  forget(node: NodeId, directory: NodeId, name: ByteString): void {
    if (!this.places.remove(node, directory, name)) this.#fds.delete(node)
  }

  #with<T>(told: Told | undefined, use: () => T): T {
    const before = this.#told
    this.#told = told
    try {
      return use()
    } finally {
      this.#told = before
    }
  }

  #found(directory: NodeId, name: ByteString, path: Buffer, stats: BigIntStats | undefined): Found | undefined {
    if (stats === undefined || stats.dev !== this.#device) return undefined
    const node = nodeOf(stats)
    if (node === this.root) return undefined // bound below itself
    this.places.add(node, directory, name)
    return { node, stats, path }
  }

  #look(directory: NodeId, name: ByteString, path: Buffer): BigIntStats | undefined {
    if (this.#told === undefined) return lookAtOnce(path)
    const stats = this.#inMemory(this.directory(directory), name)
    if (stats !== 'waits') return stats === 'untold' ? lookAtOnce(path) : stats
    const key = keyOf(directory, name)
    if (this.#told.has(key)) return this.#told.get(key) // and gone from memory already
    throw new ColdNameError(directory, name)
  }

  /** What the kernel's cache says of a name. */
  #inMemory(directory: number, name: ByteString): BigIntStats | undefined | 'waits' | 'untold' {
    const cached = this.#medium.openCached(directory, name)
    if (cached === 'waits') return cached
    if (cached === 'missing') return undefined
    if (cached === undefined) return 'untold'
    return withFd(cached, (fd) => fstatSync(fd, { bigint: true }))
  }

  #askIn(place: number, name: ByteString): Promise<BigIntStats | undefined> {
    return this.#medium.look(pathIn(place, name)).catch((error: unknown) => {
      if (NOT_THERE.includes(codeOf(error) ?? '')) return undefined
      throw error
    })
  }

  #findOpen(node: NodeId, fd: number): Found {
    const stats = fstatSync(fd, { bigint: true })
    if (stats.nlink > 0n) return { node, stats, path: Buffer.from(`/proc/self/fd/${fd}/.`) }
    this.#fds.delete(node)
    if (node === this.root) throw new StaleNodeError(node)
    throw new LostNodeError(node)
  }
}

function pathIn(directory: number, name: ByteString): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, 'latin1')
}

function keyOf(directory: NodeId, name: ByteString): string {
  return `${directory}/${name}`
}

function lookAtOnce(path: Buffer): BigIntStats | undefined {
  return unless(NOT_THERE, () => lstatSync(path, { bigint: true }))
}

/** True if an error says that what was looked at has gone meanwhile. */
export function isGone(error: unknown): boolean {
  return error instanceof LostNodeError || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')
}
