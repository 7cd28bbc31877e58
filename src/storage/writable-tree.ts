import type { ByteString } from '../wire/bytestring.ts'
import type { Awaitable, ByteSource, Region } from './byte-source.ts'
import type { Attributes, FileTree, FileType, NodeId, Timestamp } from './file-tree.ts'

/** Why a change was refused, by the name that errno has on Linux. NFS has a status for each. */
export type TreeErrorCode =
  | 'EPERM'
  | 'ENOENT'
  | 'EIO'
  | 'EACCES'
  | 'EBUSY'
  | 'EEXIST'
  | 'EXDEV'
  | 'ENOTDIR'
  | 'EISDIR'
  | 'EINVAL'
  | 'EFBIG'
  | 'ENOSPC'
  | 'EROFS'
  | 'EMLINK'
  | 'ENAMETOOLONG'
  | 'ENOTEMPTY'
  | 'EDQUOT'
  | 'ENODATA'
  | 'ENOTSUP'
  | 'E2BIG'
  | 'ETXTBSY'

/** A change that the tree or the file system behind it refuses. A node that has gone is a `StaleNodeError` instead. */
export class TreeError extends Error {
  override readonly name = 'TreeError'
  readonly code: TreeErrorCode

  constructor(code: TreeErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Whose a new node is, and its permissions. They are taken as they are: no umask, no set-group-id directory. */
export interface Ownership {
  /** 0 to 0o7777; of a symlink it is 0o777 whatever is asked. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What `setAttributes` changes; what is left out stays. */
export interface AttributeChanges {
  /** 0 to 0o7777. */
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  /** Bytes, of a file: it is cut there, or grows with zeros. */
  readonly size?: number
  readonly accessed?: Timestamp | 'now'
  readonly modified?: Timestamp | 'now'
}

/** How `createFile` takes a name that is there already. */
export type CreateMode =
  /** It is an error. */
  | { readonly kind: 'guarded' }
  /** A regular file of that name is the result, unchanged. */
  | { readonly kind: 'unchecked' }
  /**
   * It is an error unless it was made with this verifier (8 bytes) and nothing changed its times since: so a client
   * that missed the answer asks again and gets its file. The verifier is kept in the times of the file (RFC 1813
   * §3.3.8), which the client sets right next; so it is good after a restart.
   */
  | { readonly kind: 'exclusive'; readonly verifier: Uint8Array }

export interface Created {
  readonly node: NodeId
  /** False if it was there before. */
  readonly made: boolean
}

/** The room on the medium. */
export interface Space {
  readonly totalBytes: number
  readonly freeBytes: number
  /** For everybody but root. */
  readonly availableBytes: number
  readonly totalNodes: number
  readonly freeNodes: number
}

/** A regular file that is open: as long as it is, its node is good even if its last name is removed. */
export interface WritableFile extends ByteSource {
  /** Its length now: it changes as it is written. */
  readonly size: number
  /**
   * Writes all bytes at `position`, into the file as others see it at once, but not yet on the medium. Set-id bits are
   * not touched: that is the caller's part. The bytes must not change before it is done.
   *
   * @throws {TreeError} ENOSPC, EDQUOT, EFBIG, EIO, EACCES, EROFS; a part may have been written then
   */
  write(bytes: Uint8Array, position: number): Awaitable<void>
  /**
   * Waits until everything written to this file so far, through whichever opening, and its attributes are on the medium.
   *
   * @throws {TreeError} EIO, ENOSPC, EDQUOT
   */
  commit(): Promise<void>
  /** Where the next data or hole begins at or after `position`; undefined if `position` is not before the end. */
  seek(position: number, region: Region): Awaitable<number | undefined>
  /**
   * Gives room for bytes (`allocate`), or takes it away so that they read as zeros (`punch`). The size stays unless
   * `allocate` reaches beyond it.
   *
   * @throws {TreeError} ENOTSUP if the file system cannot
   */
  reserve(how: 'allocate' | 'punch', position: number, length: number): Awaitable<void>
}

/** How an attribute is set: whatever was there, only if it was not, only if it was. */
export type XattrMode = 'either' | 'create' | 'replace'

/**
 * A tree that can be changed. It checks no permissions: callers ask `permissions.ts` first. Names are any 1 to 255
 * bytes but `/` and NUL, not `.` and `..`; others are EINVAL, longer ones ENAMETOOLONG. Each change is one step for
 * all who look, here and on the host, and is done when the call returns; it is on the medium after `commit`, or after
 * `commitDirectory` where it is about names.
 *
 * Every method but `open` throws {@link StaleNodeError} for a node that is not there, and `TreeError` with ENOTDIR
 * where a directory is none, ENOENT where the name is not there, EEXIST where it is and must not be, ENOSPC, EDQUOT, EROFS,
 * EIO as the file system says.
 */
export interface WritableTree extends FileTree {
  readonly writable: true
  attributes(node: NodeId): Awaitable<LiveAttributes>
  /** A regular file, to read and write. @throws {StaleNodeError} and {@link TreeError} EISDIR, EINVAL if it is no file */
  open(node: NodeId): Awaitable<WritableFile>

  /** @throws {TreeError} also EEXIST, in the mode `unchecked` only where the name is none of a regular file */
  createFile(directory: NodeId, name: ByteString, owner: Ownership, mode: CreateMode): Awaitable<Created>
  makeDirectory(directory: NodeId, name: ByteString, owner: Ownership): Awaitable<NodeId>
  /** @param target 1 to 4095 bytes, any but NUL: it is kept, never followed */
  makeSymlink(directory: NodeId, name: ByteString, target: ByteString, owner: Ownership): Awaitable<NodeId>
  /** A device, FIFO or socket. @throws {TreeError} EPERM for devices where this process may not make them */
  makeNode(directory: NodeId, name: ByteString, what: SpecialNode, owner: Ownership): Awaitable<NodeId>
  /** Gives a node that is no directory another name. @throws {TreeError} EPERM for a directory, EMLINK, EXDEV */
  link(node: NodeId, directory: NodeId, name: ByteString): Awaitable<void>
  /**
   * Moves a name, replacing what the target names: a directory only an empty directory, anything else anything else.
   * Two names of one node: nothing happens.
   *
   * @throws {TreeError} EISDIR, ENOTDIR, ENOTEMPTY, EINVAL if a directory would move below itself
   */
  rename(from: NodeId, name: ByteString, to: NodeId, newName: ByteString): Awaitable<void>
  /** Removes a name that is no directory. Its node goes with the last one, once nobody has it open. @throws {TreeError} EISDIR */
  unlink(directory: NodeId, name: ByteString): Awaitable<void>
  /** @throws {TreeError} ENOTDIR if it is none, ENOTEMPTY */
  removeDirectory(directory: NodeId, name: ByteString): Awaitable<void>

  /**
   * Changes attributes, in this order: size, owner, mode, times. If one is refused those before it have been changed.
   *
   * @throws {TreeError} EISDIR or EINVAL for a size of what is no file, EPERM, EFBIG
   */
  setAttributes(node: NodeId, changes: AttributeChanges): Awaitable<void>
  /** @throws {TreeError} ENOTSUP, E2BIG, EEXIST with `create`, ENODATA with `replace` */
  setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): Awaitable<void>
  /** @throws {TreeError} ENODATA if there is none */
  removeXattr(node: NodeId, name: string): Awaitable<void>
  /** Waits until the names in a directory are on the medium as they are now. */
  commitDirectory(directory: NodeId): Promise<void>
  space(): Awaitable<Space>
}

/** The attributes of a tree that changes. */
export interface LiveAttributes extends Attributes {
  readonly accessed: Timestamp
  /** Time of the last change of content or attributes. */
  readonly changed: Timestamp
  /**
   * Another number, and a higher one, after each change of content, names or attributes: also after two in one tick of
   * the clock, if they were made through this tree. 64 bits.
   */
  readonly change: bigint
}

export interface SpecialNode {
  readonly type: Exclude<FileType, 'file' | 'directory' | 'symlink'>
  /** Of devices; 0, 0 otherwise. */
  readonly device: Attributes['device']
}

/** True if a tree can be changed. */
export function isWritable(tree: FileTree): tree is WritableTree {
  return 'writable' in tree && tree.writable === true
}

/** True if a file of some tree can be written. */
export function isWritableFile(file: ByteSource): file is WritableFile {
  return 'write' in file && 'commit' in file
}
