import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, readdirSync } from 'node:fs'
import { type ByteString, byteStringFrom } from '../../wire/bytestring.ts'
import { type NodeId, StaleNodeError } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { DirectoryFds } from './directory-fds.ts'
import { codeOf, unless } from './errors.ts'
import { nodeOf } from './identity.ts'
import { isName } from './names.ts'
import { Places } from './places.ts'

/** Open for nothing but to be a place: needs no permission and does nothing to what is opened. */
const O_PATH = 0o10_000_000
const AS_DIRECTORY = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW

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

  /** @throws the system's error, if there is no such directory */
  constructor(path: string) {
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
    return Buffer.from(`/proc/self/fd/${this.directory(directory)}/${name}`, 'latin1')
  }

  /** What a name leads to; undefined where there is nothing, or another file system. @throws as `pathOf` */
  see(directory: NodeId, name: ByteString): Found | undefined {
    if (!isName(name)) return undefined
    const path = this.pathOf(directory, name)
    const stats = unless(['ENOENT', 'EACCES'], () => lstatSync(path, { bigint: true }))
    if (stats === undefined || stats.dev !== this.#device) return undefined
    const node = nodeOf(stats)
    if (node === this.root) return undefined // bound below itself
    this.places.add(node, directory, name)
    return { node, stats, path }
  }

  /** The names in a directory, in no order. @throws as `directory` */
  names(directory: NodeId): ByteString[] {
    const path = `/proc/self/fd/${this.directory(directory)}`
    return readdirSync(path, { encoding: 'buffer' }).map(byteStringFrom)
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

  #findOpen(node: NodeId, fd: number): Found {
    const stats = fstatSync(fd, { bigint: true })
    if (stats.nlink > 0n) return { node, stats, path: Buffer.from(`/proc/self/fd/${fd}/.`) }
    this.#fds.delete(node)
    if (node === this.root) throw new StaleNodeError(node)
    throw new LostNodeError(node)
  }
}

/** The value; undefined if what was looked at has gone meanwhile. */
export function ifThere<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    const isGone = error instanceof LostNodeError || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(codeOf(error) ?? '')
    if (isGone) return undefined
    throw error
  }
}
