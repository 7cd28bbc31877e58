import { type ByteString, byteStringFrom } from '../../wire/bytestring.ts'
import type { Awaitable } from '../../storage/byte-source.ts'
import type { FileTree } from '../../storage/file-tree.ts'
import type { TreeErrorCode } from '../../storage/writable-tree.ts'
import type { Policy } from './policy.ts'

/** Bytes of an export's key. */
export const KEY_BYTES = 16

/** A tree that clients mount. */
export interface NfsExport {
  /** What clients mount, such as `/release/0123…`: absolute, no trailing slash. */
  readonly path: string
  /** 16 bytes that stand in each of its handles: the same for the same content, whichever server serves it. */
  readonly key: Uint8Array
  readonly tree: FileTree
  /** Who may do what. Without it everybody reads, whatever the tree could do. */
  readonly policy?: Policy
  /** Told of what the tree refused to a client of version 4. */
  readonly onRefusal?: (code: TreeErrorCode) => void
}

/** What there is to mount. Handles outlive the server, so an export is asked for by its key as well as by its path. */
export interface NfsExports {
  /** The export with exactly this path. */
  byPath(path: string): Awaitable<NfsExport | undefined>
  /** The export with this key. Asked for at every call: what is open should be at hand without a wait. */
  byKey(key: ByteString): Awaitable<NfsExport | undefined>
  /** The paths, for `showmount -e`. */
  paths(): Awaitable<readonly string[]>
}

/** A fixed set of exports. */
export function fixedExports(exports: readonly NfsExport[]): NfsExports {
  const byPath = new Map(exports.map((one) => [one.path, one]))
  const byKey = new Map(exports.map((one) => [byteStringFrom(one.key), one]))
  return {
    byPath: (path) => byPath.get(path),
    byKey: (key) => byKey.get(key),
    paths: () => [...byPath.keys()],
  }
}
