import type { ByteString } from '../wire/bytestring.ts'
import type { FileType, NodeId } from './file-tree.ts'

/**
 * What a tar archive holds, as a tree, in columns: they are written to a file and taken back as they are, so that a
 * release of 60 000 entries opens in milliseconds. Node numbers are the places of the entries in the archive, from 1;
 * directories that have no entry of their own come after the last entry.
 */
export interface TarIndex {
  /** Entries in the archive; nodes with a higher number are directories it only implies. */
  readonly entries: number
  readonly root: NodeId
  /** Nodes that a name leads to. */
  readonly nodes: number
  /** Bytes of content stored for them. */
  readonly bytes: number
  readonly columns: Columns
  /** Names, link targets, xattr names and values, one after the other. */
  readonly pool: Buffer
}

/** One value per node, 0 included (which is no node); then tables that `from` and `count` of a node point into. */
export const U32_COLUMNS = [
  'kind', // TYPES index + 1 in the upper half, mode in the lower; 0 where there is no node
  'uid',
  'gid',
  'links',
  'major',
  'minor',
  'nanoseconds',
  'parent', // of directories
  'from', // directory: first of its entries; file: first of its extents; symlink: its target in the pool
  'count', // of entries, of extents, of bytes
  'xattrFrom',
  'xattrCount',
  'entryName', // in the pool
  'entryLength',
  'entryNode',
  'xattrName',
  'xattrNameLength',
  'xattrValue',
  'xattrValueLength',
] as const
export const F64_COLUMNS = [
  'size',
  'used',
  'seconds',
  'extentOffset', // in the file
  'extentPosition', // in the archive
  'extentLength',
] as const

export type Columns = Readonly<
  Record<(typeof U32_COLUMNS)[number], Uint32Array> & Record<(typeof F64_COLUMNS)[number], Float64Array>
>

const TYPES: readonly FileType[] = ['file', 'directory', 'symlink', 'character', 'block', 'fifo', 'socket']

export function packKind(type: FileType, mode: number): number {
  return ((TYPES.indexOf(type) + 1) << 16) | mode
}
/** Undefined where the column says that there is no such node. */
export function typeOfKind(kind: number | undefined): FileType | undefined {
  return kind === undefined ? undefined : TYPES[(kind >> 16) - 1]
}

export function poolString(index: TarIndex, at: number | undefined, length: number | undefined): ByteString {
  return index.pool.toString('latin1', at ?? 0, (at ?? 0) + (length ?? 0))
}
