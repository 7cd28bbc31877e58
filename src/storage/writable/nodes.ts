import { type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs'
import type { FileCalls } from '../../sys/file-calls.ts'
import type { Awaitable } from '../byte-source.ts'
import { type NodeId, StaleNodeError } from '../file-tree.ts'
import { TreeError } from '../writable-tree.ts'
import { asTreeError, unless } from './errors.ts'
import { nodeOf } from './identity.ts'
import { OpenNode, reopen, withFd } from './open-node.ts'
import { OpenNodes } from './open-nodes.ts'
import { ColdNameError, type Medium } from './medium.ts'
import { LostNodeError, Resolver, type Told } from './resolver.ts'
import { Search } from './search.ts'

const PINNED = 0o10_000_000 | constants.O_NOFOLLOW // O_PATH
/** Nodes whose changes are counted, newest last. */
const MOST_COUNTED = 65_536
/** A search may find one node and then miss the next. */
const MOST_SEARCHES = 4
/** Names that the medium is asked for in one go: more than any path has. */
const MOST_TOLD = 4096
const NOTHING_TOLD: Told = new Map()

/** The nodes of one directory: where they are, which are open, how often each was changed. */
export class Nodes {
  readonly resolver: Resolver
  readonly open = new OpenNodes()
  /** Undefined where the C library cannot be called. */
  readonly calls: FileCalls | undefined
  readonly #search: Search
  readonly #changes = new Map<NodeId, number>()
  /** Nodes that are being moved: they may be at neither place just now. */
  readonly #moves = new Map<NodeId, Promise<void>>()

  /** @throws the system's error, if there is no such directory */
  constructor(path: string, calls: FileCalls | undefined, medium?: Medium) {
    this.resolver = new Resolver(path, medium)
    this.#search = new Search(this.resolver)
    this.calls = calls
  }

  /**
   * Does something with nodes at once. Only if the name of one is not in memory the medium is asked for it, and only if
   * one is not where it was seen last it is searched for; then all is done anew. So `use` must not change anything before
   * it has found all its nodes, and find no others afterwards but `atOnce`.
   *
   * @throws {StaleNodeError} and {@link TreeError}
   */
  use<T>(use: () => T): Awaitable<T> {
    try {
      return this.resolver.patiently(NOTHING_TOLD, use)
    } catch (error) {
      if (isToRetry(error)) return this.#findAndUse(error, use)
      throw asTreeError(error)
    }
  }

  async #findAndUse<T>(first: LostNodeError | ColdNameError, use: () => T): Promise<T> {
    const told: Told = new Map()
    let why = first
    for (let searches = 0; searches < MOST_SEARCHES; searches += why instanceof LostNodeError ? 1 : 0) {
      try {
        if (why instanceof ColdNameError) await this.resolver.ask(why, told)
        else await (this.#moves.get(why.node)?.catch(() => undefined) ?? this.#search.find(why.node))
        return this.resolver.patiently(told, use)
      } catch (error) {
        if (!isToRetry(error)) throw asTreeError(error)
        why = error
      }
      if (told.size > MOST_TOLD) break // somebody moves things about faster than they are found
    }
    throw why instanceof LostNodeError
      ? new StaleNodeError(why.node)
      : new TreeError('EIO', 'Names change all the time')
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

  /** The same for what takes its time. @throws {StaleNodeError} and {@link TreeError} */
  async pinnedLater(
    node: NodeId,
    use: (path: Buffer, stats: BigIntStats, open: OpenNode | undefined) => Promise<void>,
  ): Promise<void> {
    const { fd, open } = await this.use(() => this.#holdAny(node))
    try {
      await use(magicPath(fd), fstatSync(fd, { bigint: true }), open)
    } catch (error) {
      throw asTreeError(error)
    } finally {
      if (open === undefined) closeSync(fd)
      else this.open.release(open)
    }
  }

  /** A regular file, open until it is released. @throws {LostNodeError} and {@link TreeError} EISDIR, EINVAL, EACCES */
  hold(node: NodeId): OpenNode {
    return this.open.hold(node, () => withFd(this.#pin(node), (fd) => openRegular(node, fd)))
  }

  /** Moves nodes. Who does not find one meanwhile waits, rather than search everything. `move` must find none itself. */
  async moving(moved: readonly NodeId[], move: () => Promise<void>): Promise<void> {
    const moving = move()
    for (const node of moved) this.#moves.set(node, moving)
    try {
      await moving
    } finally {
      for (const node of moved) if (this.#moves.get(node) === moving) this.#moves.delete(node)
    }
  }
  /** Nodes were changed through this tree. */
  changed(...nodes: readonly NodeId[]): void {
    for (const node of nodes) {
      const count = this.#changes.get(node) ?? 0
      this.#changes.delete(node)
      this.#changes.set(node, count + 1)
      this.open.get(node)?.touch()
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

  #holdAny(node: NodeId): { readonly fd: number; readonly open: OpenNode | undefined } {
    const known = this.open.get(node)
    if (known === undefined) return { fd: this.#pin(node), open: undefined }
    return { fd: known.fd, open: this.open.hold(node, () => known) }
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

function isToRetry(error: unknown): error is LostNodeError | ColdNameError {
  return error instanceof LostNodeError || error instanceof ColdNameError
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
