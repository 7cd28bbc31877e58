import { type BigIntStats, constants, fstatSync, openSync } from 'node:fs'
import type { FileCalls } from '../../sys/file-calls.ts'
import type { Awaitable } from '../byte-source.ts'
import { type NodeId, StaleNodeError } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { asTreeError, unless } from './errors.ts'
import { nodeOf } from './identity.ts'
import { OpenNode, reopen, withFd } from './open-node.ts'
import { OpenNodes } from './open-nodes.ts'
import { LostNodeError, Resolver } from './resolver.ts'
import { Search } from './search.ts'

const PINNED = 0o10_000_000 | constants.O_NOFOLLOW // O_PATH
/** Nodes whose changes are counted, newest last. */
const MOST_COUNTED = 65_536
/** A search may find one node and then miss the next. */
const MOST_SEARCHES = 4

/** The nodes of one directory: where they are, which are open, how often each was changed. */
export class Nodes {
  readonly resolver: Resolver
  readonly open = new OpenNodes()
  /** Undefined where the C library cannot be called. */
  readonly calls: FileCalls | undefined
  readonly #search: Search
  readonly #changes = new Map<NodeId, number>()

  /** @throws the system's error, if there is no such directory */
  constructor(path: string, calls: FileCalls | undefined) {
    this.resolver = new Resolver(path)
    this.#search = new Search(this.resolver)
    this.calls = calls
  }

  /**
   * Does something with nodes at once; only if one of them is not where it was seen last, it is searched for and all is
   * done anew. So `use` must not change anything before it has found all its nodes.
   *
   * @throws {StaleNodeError} and {@link TreeError}
   */
  use<T>(use: () => T): Awaitable<T> {
    try {
      return use()
    } catch (error) {
      if (error instanceof LostNodeError) return this.#searchAndUse(error.node, use)
      throw asTreeError(error)
    }
  }

  async #searchAndUse<T>(lost: NodeId, use: () => T): Promise<T> {
    let node = lost
    for (let searches = 0; searches < MOST_SEARCHES; searches += 1) {
      await this.#search.find(node)
      try {
        return use()
      } catch (error) {
        if (!(error instanceof LostNodeError)) throw asTreeError(error)
        node = error.node
      }
    }
    throw new StaleNodeError(node)
  }

  /** How many nodes there are, and what they take. */
  async count(): Promise<{ readonly nodes: number; readonly bytes: number }> {
    const used = new Map<NodeId, number>([[this.resolver.root, 0]])
    await this.#search.walk(({ node, stats }) => used.set(node, Number(stats.blocks) * 512))
    return { nodes: used.size, bytes: [...used.values()].reduce((sum, bytes) => sum + bytes, 0) }
  }

  stats(node: NodeId): BigIntStats {
    const open = this.open.get(node)
    return open === undefined ? this.resolver.find(node).stats : fstatSync(open.fd, { bigint: true })
  }

  /**
   * Does something with a path that leads to the node and nothing else, whoever renames meanwhile; following it ends at
   * the node, also if that is a symlink. @throws {LostNodeError}
   */
  pinned<T>(node: NodeId, use: (path: Buffer, stats: BigIntStats) => T): T {
    const open = this.open.get(node)
    if (open !== undefined) return use(magicPath(open.fd), fstatSync(open.fd, { bigint: true }))
    const fd = this.#pin(node)
    return withFd(fd, () => use(magicPath(fd), fstatSync(fd, { bigint: true })))
  }

  /** A regular file, open until it is released. @throws {LostNodeError} and {@link TreeError} EISDIR, EINVAL, EACCES */
  hold(node: NodeId): OpenNode {
    return this.open.hold(node, () => withFd(this.#pin(node), (fd) => openRegular(node, fd)))
  }

  /** Nodes were changed through this tree. */
  changed(...nodes: readonly NodeId[]): void {
    for (const node of nodes) {
      const count = this.#changes.get(node) ?? 0
      this.#changes.delete(node)
      this.#changes.set(node, count + 1)
    }
    for (const [oldest] of this.#changes) {
      if (this.#changes.size <= MOST_COUNTED) return
      this.#changes.delete(oldest)
    }
  }
  changesOf(node: NodeId): number {
    return this.#changes.get(node) ?? 0
  }

  close(): void {
    this.open.close()
    this.resolver.close()
  }

  #pin(node: NodeId): number {
    const { path } = this.resolver.find(node)
    const fd = unless(['ENOENT'], () => openSync(path, PINNED))
    if (fd === undefined) throw new LostNodeError(node)
    if (nodeOf(fstatSync(fd, { bigint: true })) === node) return fd
    return withFd(fd, () => {
      throw new LostNodeError(node)
    })
  }
}

function openRegular(node: NodeId, fd: number): OpenNode {
  const stats = fstatSync(fd, { bigint: true })
  if (stats.isDirectory()) throw new TreeError('EISDIR', `Node ${node} is a directory`)
  if (!stats.isFile()) throw new TreeError('EINVAL', `Node ${node} is no regular file`)
  const reading = unless(['EACCES'], () => reopen(fd, constants.O_RDONLY))
  if (reading !== undefined) return new OpenNode(node, { reading })
  return new OpenNode(node, { writing: reopen(fd, constants.O_WRONLY) })
}

function magicPath(fd: number): Buffer {
  return Buffer.from(`/proc/self/fd/${fd}`)
}
