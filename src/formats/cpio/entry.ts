import type { ByteString } from '../../wire/bytestring.ts'

interface Named {
  /** Path without a slash at the beginning or end, as the kernel creates it below `/`. */
  readonly name: ByteString
}

interface Owned extends Named {
  /** Permission, set-id and sticky bits: 0 to 0o7777. */
  readonly mode: number
  /** 0 where it is not given. */
  readonly uid?: number
  readonly gid?: number
}

export interface CpioFile extends Owned {
  readonly type: 'file'
  readonly content: Uint8Array
}

export interface CpioDirectory extends Owned {
  readonly type: 'directory'
}

export interface CpioSymlink extends Named {
  readonly type: 'symlink'
  readonly target: ByteString
}

/** A further name of a file that stands earlier in the archive. */
export interface CpioLink extends Named {
  readonly type: 'link'
  /** The first name of that file. */
  readonly to: ByteString
}

export interface CpioNode extends Owned {
  readonly type: 'character' | 'block' | 'fifo' | 'socket'
  /** 0, 0 for a fifo and a socket. */
  readonly device: { readonly major: number; readonly minor: number }
}

/** One thing that an archive puts into the initramfs. */
export type CpioEntry = CpioFile | CpioDirectory | CpioSymlink | CpioLink | CpioNode

/** File types of `c_mode`, as in `stat.st_mode`. */
export const TYPE_BITS = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  character: 0o020000,
  block: 0o060000,
  fifo: 0o010000,
  socket: 0o140000,
} as const

/** Every member begins with this: "newc", the format without a checksum. */
export const MAGIC = '070701'
/** The same with a checksum of each file, which the kernel reads too. */
export const MAGIC_WITH_CHECKSUM = '070702'
/** Magic and thirteen fields of eight hexadecimal digits. */
export const HEADER_LENGTH = 110
/** Name of the member that ends an archive. */
export const TRAILER = 'TRAILER!!!'
