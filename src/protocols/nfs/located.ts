import type { Awaitable } from '../../storage/byte-source.ts'
import { type Attributes, type FileTree, type NodeId, StaleNodeError } from '../../storage/file-tree.ts'
import { InUseError } from '../../sys/claim.ts'
import { isWritable } from '../../storage/writable-tree.ts'
import { type Steps, ready } from '../rpc/steps.ts'
import type { NfsExport, NfsExports } from './export.ts'
import { decodeHandle } from './handle.ts'
import { OpenFiles } from './open-files.ts'
import { type Grant, type Policy, READ_ONLY } from './policy.ts'
import type { Peer } from '../rpc/program.ts'

/** An export with what the server keeps of it. */
export interface ServedExport {
  readonly path: string
  readonly key: Uint8Array
  readonly tree: FileTree
  /** The first 8 bytes of the key: the same file system for clients, whichever server. */
  readonly fsidHigh: number
  readonly fsidLow: number
  readonly openFiles: OpenFiles
  /** Ask {@link grantOf} rather. */
  readonly policy: Policy
  readonly onRefusal: NfsExport['onRefusal']
}

/** A node that a handle leads to. */
export interface Located {
  readonly served: ServedExport
  readonly node: NodeId
  readonly attributes: Attributes
}

/**
 * A handle that leads nowhere: not of our making, or to an export or node that is not there (any more); or not yet, since
 * another server, from which this one takes over, still has it open.
 */
export class HandleError extends Error {
  override readonly name = 'HandleError'
  readonly reason: 'bad' | 'stale' | 'busy'

  constructor(reason: HandleError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.reason = reason
  }
}

/** What a client may do in an export; undefined if it may not even see it. */
export function grantOf({ policy, tree }: Pick<ServedExport, 'policy' | 'tree'>, client: Peer): Grant | undefined {
  const grant = policy(client)
  return grant?.writes === true && !isWritable(tree) ? { ...grant, writes: false } : grant
}

/** Of a node that was named a moment ago: undefined if it has gone since, which a directory on a disk may do. */
export function attributesOrGone(tree: FileTree, node: NodeId): Awaitable<Attributes | undefined> {
  try {
    const attributes = tree.attributes(node)
    return attributes instanceof Promise ? attributes.catch(gone) : attributes
  } catch (error) {
    return gone(error)
  }
}

/** The same as steps. */
export function attributesIfThere(tree: FileTree, node: NodeId): Steps<Attributes | undefined> {
  return ready(attributesOrGone(tree, node))
}

function gone(error: unknown): undefined {
  if (!(error instanceof StaleNodeError)) throw error
}

/** A machine waits for its root: an error would be the end of it. */
function busy(cause: unknown): never {
  if (!(cause instanceof InUseError)) throw cause
  throw new HandleError('busy', 'Another server still has what the handle leads to', { cause })
}

/** Finds what handles lead to. */
export class Locator {
  readonly #exports: NfsExports
  readonly #served = new Map<NfsExport, ServedExport>()

  constructor(exports: NfsExports) {
    this.#exports = exports
  }

  /** @throws {HandleError} and {@link StaleNodeError}, or rejects with them */
  locate(handle: Buffer): Awaitable<Located> {
    const decoded = decodeHandle(handle)
    if (decoded === undefined)
      throw new HandleError('bad', `Handle of ${handle.byteLength} bytes is not of this server`)
    const asked = this.#exports.byKey(decoded.key)
    return asked instanceof Promise
      ? asked.then((found) => this.#at(found, decoded.node), busy)
      : this.#at(asked, decoded.node)
  }

  #at(found: NfsExport | undefined, node: NodeId): Awaitable<Located> {
    if (found === undefined) throw new HandleError('stale', 'Handle is of an export that is not here')
    const served = this.serve(found)
    const looked = found.tree.attributes(node)
    return looked instanceof Promise
      ? looked.then((attributes) => ({ served, node, attributes }))
      : { served, node, attributes: looked }
  }

  /** What the server keeps of an export. */
  serve(found: NfsExport): ServedExport {
    const known = this.#served.get(found)
    if (known !== undefined) return known
    const { path, tree, policy = () => READ_ONLY, onRefusal } = found
    const key = Buffer.from(found.key)
    const openFiles = new OpenFiles(tree)
    const fsid = { fsidHigh: key.readUInt32BE(0), fsidLow: key.readUInt32BE(4) }
    const served = { path, tree, key, openFiles, policy, onRefusal, ...fsid }
    this.#served.set(found, served)
    return served
  }

  /** Closes files that nobody has read since then (`performance.now()`), and forgets exports that have none open. */
  closeIdle(before: number): void {
    for (const [found, served] of this.#served) {
      served.openFiles.closeIdle(before)
      if (served.openFiles.empty) this.#served.delete(found)
    }
  }
}
