import type { ByteString } from '../../wire/bytestring.ts'

export type TarEntryType = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo'

/** A run of content that is stored; what lies between two runs is a hole and reads as zeros. */
export interface Extent {
  /** Where it belongs in the file, bytes. */
  readonly fileOffset: number
  /** Where it lies in the archive, bytes. */
  readonly position: number
  readonly length: number
}

/** What an entry says, all extensions (PAX, GNU, star) applied. */
export interface TarEntry {
  /** As it stands in the archive: maybe with a leading `./` or `/`, a directory maybe with a trailing `/`. */
  readonly name: ByteString
  readonly type: TarEntryType
  /** 0 to 0o7777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes of content with its holes; 0 for everything but files. */
  readonly size: number
  readonly modified: { readonly seconds: number; readonly nanoseconds: number }
  /** Target of a symlink, or the name of the entry that a hard link is another name of. */
  readonly linkName: ByteString
  readonly device: { readonly major: number; readonly minor: number }
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

/** An entry as found in an archive. */
export interface PlacedEntry extends TarEntry {
  /** Of its first header block, bytes from the beginning of the archive. */
  readonly offset: number
  /** The content of a file, ascending. */
  readonly extents: readonly Extent[]
}
