import { closeSync, constants, fsync, statfsSync } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type FileCalls, loadFileCalls } from '../sys/file-calls.ts'
import { type ByteString, byteStringFrom } from '../wire/bytestring.ts'
import type { Awaitable } from './byte-source.ts'
import type { DirectoryEntry, NodeId } from './file-tree.ts'
import { asTreeError } from './writable/errors.ts'
import { liveAttributes } from './writable/identity.ts'
import { Listings } from './writable/listings.ts'
import { LiveFile } from './writable/live-file.ts'
import type { Medium } from './writable/medium.ts'
import { createFile, makeDirectory, makeNode, makeSymlink } from './writable/makers.ts'
import { exchange, link, removeDirectory, rename, renameToWhiteout, unlink } from './writable/movers.ts'
import { isName } from './writable/names.ts'
import { Nodes } from './writable/nodes.ts'
import { reopen } from './writable/open-node.ts'
import { SharedCommit } from './writable/shared-commit.ts'
import { setAttributes } from './writable/setters.ts'
import {
  type AttributeChanges,
  type Created,
  type CreateMode,
  type LiveAttributes,
  type Ownership,
  type Space,
  type SpecialNode,
  TreeError,
  type WritableTree,
  type XattrMode,
} from './writable-tree.ts'
import { readXattrs } from './xattrs.ts'

const syncLater = promisify(fsync)

/**
 * A directory of this host, read-write. Nodes are known by inode number and birth, hence the same after a restart. No
 * name and no symlink leads out of it, not even while another process moves things about (see `Resolver`). It needs
 * `/proc`. Run by an ordinary user everything that is made is his, and he has only his own rights.
 */
export class WritableDirectory implements WritableTree, AsyncDisposable {
  readonly writable = true
  readonly root: NodeId
  readonly #nodes: Nodes
  readonly #listings: Listings
  /** Of the directories that are being written. */
  readonly #commits = new Map<NodeId, SharedCommit>()
  #closed = false

  /** @throws the system's error, if there is no such directory */
  static async open(path: string, medium?: Medium): Promise<WritableDirectory> {
    return new WritableDirectory(new Nodes(path, await loadFileCalls(), medium))
  }
  private constructor(nodes: Nodes) {
    this.#nodes = nodes
    this.#listings = new Listings(nodes.resolver)
    this.root = nodes.resolver.root
  }

  attributes(node: NodeId): Awaitable<LiveAttributes> {
    return this.#nodes.use(() => liveAttributes(this.#nodes.stats(node), this.#nodes.changesOf(node)))
  }
  lookup(directory: NodeId, name: ByteString): Awaitable<NodeId | undefined> {
    return this.#nodes.use(() => {
      if (!isName(name) || !this.#nodes.stats(directory).isDirectory()) return undefined
      return this.#nodes.resolver.see(directory, name)?.node
    })
  }
  parent(directory: NodeId): Awaitable<NodeId> {
    return this.#nodes.use(() => this.#nodes.resolver.parent(directory))
  }
  /** In the order of cookies, which are made of the names. */
  async list(directory: NodeId): Promise<readonly DirectoryEntry[]> {
    const stats = await this.#nodes.use(() => this.#nodes.stats(directory))
    return stats.isDirectory() ? this.#listings.of(directory, stats.mtimeNs, this.#nodes.changesOf(directory)) : []
  }
  async readLink(node: NodeId): Promise<ByteString> {
    const where = await this.#nodes.use(() => {
      const { resolver } = this.#nodes
      return resolver.find(node).stats.isSymbolicLink() ? resolver.holdPlace(node) : undefined
    })
    if (where === undefined) return ''
    try {
      return byteStringFrom(await readlink(where.path, 'buffer'))
    } catch (error) {
      throw asTreeError(error)
    } finally {
      closeSync(where.fd)
    }
  }
  open(node: NodeId): Awaitable<LiveFile> {
    return this.#nodes.use(() => new LiveFile(this.#nodes, this.#nodes.hold(node)))
  }
  async extendedAttributes(node: NodeId): Promise<ReadonlyMap<string, Uint8Array>> {
    const { calls } = this.#nodes
    if (calls !== undefined) return this.#nodes.use(() => this.#nodes.pinned(node, (path) => calls.xattrs(path)))
    const path = await this.#nodes.use(() => this.#nodes.resolver.find(node).path)
    return readXattrs(Buffer.from(path.toString('latin1').replace('self', String(process.pid)), 'latin1'))
  }
  /** Counts by walking, so it takes a while for a large tree. */
  statistics(): Promise<{ readonly nodes: number; readonly bytes: number }> {
    return this.#nodes.count()
  }
  space(): Awaitable<Space> {
    return this.#nodes.use(() => {
      const { bsize, blocks, bfree, bavail, files, ffree } = statfsSync(this.#nodes.resolver.pathOf(this.root, '.'))
      const bytes = { totalBytes: blocks * bsize, freeBytes: bfree * bsize, availableBytes: bavail * bsize }
      return { ...bytes, totalNodes: files, freeNodes: ffree }
    })
  }

  createFile(directory: NodeId, name: ByteString, owner: Ownership, mode: CreateMode): Promise<Created> {
    return createFile(this.#nodes, directory, name, owner, mode)
  }
  makeDirectory(directory: NodeId, name: ByteString, owner: Ownership): Promise<NodeId> {
    return makeDirectory(this.#nodes, directory, name, owner)
  }
  makeSymlink(directory: NodeId, name: ByteString, target: ByteString, owner: Ownership): Promise<NodeId> {
    return makeSymlink(this.#nodes, directory, name, target, owner)
  }
  makeNode(directory: NodeId, name: ByteString, what: SpecialNode, owner: Ownership): Promise<NodeId> {
    return makeNode(this.#nodes, directory, name, what, owner)
  }
  link(node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
    return link(this.#nodes, node, directory, name)
  }
  rename(from: NodeId, name: ByteString, to: NodeId, newName: ByteString): Promise<void> {
    return rename(this.#nodes, from, name, to, newName)
  }
  /**
   * What two names lead to changes places, in one step.
   *
   * @throws {TreeError} ENOTSUP, EINVAL where the system has no such step
   */
  exchange(one: NodeId, name: ByteString, other: NodeId, otherName: ByteString): Promise<void> {
    return exchange(this.#nodes, one, name, other, otherName)
  }
  /** As `rename`, with the device 0:0 where the name was, in one step. @throws {TreeError} ENOTSUP, EINVAL as `exchange` */
  renameToWhiteout(from: NodeId, name: ByteString, to: NodeId, newName: ByteString): Promise<void> {
    return renameToWhiteout(this.#nodes, from, name, to, newName)
  }
  unlink(directory: NodeId, name: ByteString): Promise<void> {
    return unlink(this.#nodes, directory, name)
  }
  removeDirectory(directory: NodeId, name: ByteString): Promise<void> {
    return removeDirectory(this.#nodes, directory, name)
  }

  setAttributes(node: NodeId, changes: AttributeChanges): Promise<void> {
    return setAttributes(this.#nodes, node, changes)
  }
  setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): Awaitable<void> {
    return this.#changeXattr(node, (calls, path) => calls.setXattr(path, name, value, mode))
  }
  removeXattr(node: NodeId, name: string): Awaitable<void> {
    return this.#changeXattr(node, (calls, path) => calls.removeXattr(path, name))
  }
  async commitDirectory(directory: NodeId): Promise<void> {
    const known = this.#commits.get(directory)
    const commits = known ?? new SharedCommit(() => this.#writeDirectory(directory))
    this.#commits.set(directory, commits)
    commits.touch() // others change it, too, and nobody tells
    try {
      await commits.run()
    } finally {
      if (!commits.busy) this.#commits.delete(directory)
    }
  }

  /** Calling it twice is fine. */
  async close(): Promise<void> {
    if (!this.#closed) this.#nodes.close()
    this.#closed = true
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #writeDirectory(directory: NodeId): Promise<void> {
    const flags = constants.O_RDONLY | constants.O_DIRECTORY
    const fd = await this.#nodes.use(() => reopen(this.#nodes.resolver.directory(directory), flags))
    try {
      await syncLater(fd)
    } finally {
      closeSync(fd)
    }
  }
  #changeXattr(node: NodeId, change: (calls: FileCalls, path: Buffer) => void): Awaitable<void> {
    return this.#nodes.use(() => {
      const { calls } = this.#nodes
      if (calls === undefined) throw new TreeError('ENOTSUP', 'Cannot set attributes: the C library cannot be called')
      this.#nodes.pinned(node, (path) => change(calls, path))
      this.#nodes.changed(node)
    })
  }
}
