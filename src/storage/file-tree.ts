import type { ByteString } from '../wire/bytestring.ts'
import type { Awaitable, ByteSource } from './byte-source.ts'

/** Number of a node (an inode) in its tree: the same for every name of it, and after a restart. */
export type NodeId = number

export type FileType = 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket'

export interface Attributes {
  readonly type: FileType
  /** Permission, set-id and sticky bits: 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes: of a file its length, of a symlink that of its target. */
  readonly size: number
  /** Bytes that it takes on the medium: less than `size` where a file has holes. */
  readonly usedBytes: number
  /** Names that lead to it; for a directory 2 and its sub-directories. */
  readonly linkCount: number
  /** Of device nodes; 0, 0 otherwise. */
  readonly device: { readonly major: number; readonly minor: number }
  /** Time of the last change of the content. */
  readonly modified: Timestamp
  /** Of trees that change (`LiveAttributes`); where nothing ever changes there is the one time above. */
  readonly accessed?: Timestamp
  readonly changed?: Timestamp
  readonly change?: bigint
}

export interface Timestamp {
  /** Since 1970, may be negative. */
  readonly seconds: number
  /** 0 to 999 999 999. */
  readonly nanoseconds: number
}

export interface DirectoryEntry {
  readonly name: ByteString
  readonly node: NodeId
  /**
   * Of directories that change: where it stands in the listing, above 2 and up to 2^53, higher with each entry, the same
   * as long as the name is there. Without it, the place counts.
   */
  readonly cookie?: number
}

/** A node that the tree does not have (any more). NFS says NFS3ERR_STALE. */
export class StaleNodeError extends Error {
  constructor(node: NodeId) {
    super(`Node ${node} is not in this tree`)
    this.name = 'StaleNodeError'
  }
}

/** A read-only tree of files: a release's tar, a directory. `lookup` and `list` do not know `.` and `..`. */
export interface FileTree {
  readonly root: NodeId
  /** Nothing in it ever changes: what it said may be kept. */
  readonly unchanging?: true
  /** @throws {StaleNodeError} */
  attributes(node: NodeId): Awaitable<Attributes>
  /** The node of a name, or undefined where there is none (or `directory` is no directory). @throws {StaleNodeError} */
  lookup(directory: NodeId, name: ByteString): Awaitable<NodeId | undefined>
  /** The parent; of the root itself the root. @throws {StaleNodeError} */
  parent(directory: NodeId): Awaitable<NodeId>
  /** The entries in an order that stays the same as long as the directory does. @throws {StaleNodeError} */
  list(directory: NodeId): Awaitable<readonly DirectoryEntry[]>
  /** The target of a symlink. @throws {StaleNodeError} */
  readLink(node: NodeId): Awaitable<ByteString>
  /** The content of a regular file; holes read as zeros. @throws {StaleNodeError} */
  open(node: NodeId): Awaitable<ByteSource>
  /** Extended attributes, by name. @throws {StaleNodeError} */
  extendedAttributes(node: NodeId): Awaitable<ReadonlyMap<string, Uint8Array>>
  /** How much the whole tree holds. */
  statistics(): Awaitable<{ readonly nodes: number; readonly bytes: number }>
  close(): Promise<void>
}
