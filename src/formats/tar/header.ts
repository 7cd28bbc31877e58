import { byteStringFrom, type ByteString } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'

/** Everything in a tar archive begins at a multiple of this many bytes. */
export const BLOCK = 512

/** One header block, POSIX.1-1988 `ustar` and its GNU, star and v7 relatives; extensions not applied. */
export interface TarHeader {
  readonly name: ByteString
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Bytes that follow in the archive, for the types that have content. */
  readonly size: number
  /** Seconds since 1970. */
  readonly modified: number
  /** The type flag, one character; `0` where the old format has NUL. */
  readonly type: string
  readonly linkName: ByteString
  readonly device: { readonly major: number; readonly minor: number }
}

/**
 * Decodes one header block.
 *
 *     | name 100 | mode 8 | uid 8 | gid 8 | size 12 | mtime 12 | checksum 8 | type 1 | link name 100
 *     | "ustar" 6 | version 2 | user 32 | group 32 | major 8 | minor 8 | prefix 155 |
 *
 * @param offset of the block in the archive, for errors
 * @throws {WireError} if the checksum is wrong or a number is none
 */
export function decodeHeader(block: Uint8Array, offset: number): TarHeader {
  checkSum(block, offset)
  const number = (at: number, length: number, field: string): number => numberOf(block, at, length, field, offset)
  const posix = block[257] === 0x75 // "u" of ustar; v7 headers have neither device numbers nor a prefix
  return {
    name: nameOf(block),
    mode: number(100, 8, 'mode') & 0o7777,
    uid: number(108, 8, 'uid'),
    gid: number(116, 8, 'gid'),
    size: number(124, 12, 'size'),
    modified: number(136, 12, 'mtime'),
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    linkName: textAt(block, 157, 100),
    device: posix ? { major: number(329, 8, 'devmajor'), minor: number(337, 8, 'devminor') } : { major: 0, minor: 0 },
  }
}

/** The text of a field: up to its first NUL or its end. */
export function textAt(block: Uint8Array, at: number, length: number): ByteString {
  const field = block.subarray(at, at + length)
  const end = field.indexOf(0)
  return byteStringFrom(end < 0 ? field : field.subarray(0, end))
}

/**
 * A number field: octal digits, or base 256 (GNU, star) where the first bit is set.
 *
 * @throws {WireError} if it is neither
 */
export function numberOf(block: Uint8Array, at: number, length: number, field: string, offset: number): number {
  const first = block[at] ?? 0
  if (first & 0x80) return base256(block.subarray(at, at + length), field, offset + at)
  const digits = textAt(block, at, length).trim()
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw new WireError('tar', offset + at, `${field} is "${digits}", want octal digits`)
  return Number.parseInt(digits, 8)
}

/** Two's complement, big endian; the topmost bit only marks the form, the next one is the sign. */
function base256(bytes: Uint8Array, field: string, offset: number): number {
  const negative = ((bytes[0] ?? 0) & 0x40) !== 0
  let value = BigInt((bytes[0] ?? 0) & 0x3f) - (negative ? 0x40n : 0n)
  for (const byte of bytes.subarray(1)) value = value * 256n + BigInt(byte)
  const result = Number(value)
  if (!Number.isSafeInteger(result)) throw new WireError('tar', offset, `${field} is ${value}, want at most 53 bits`)
  return result
}

/** The name, with the prefix that only `ustar\0` archives have there: GNU keeps times and sparse maps in its place. */
function nameOf(block: Uint8Array): ByteString {
  const name = textAt(block, 0, 100)
  if (textAt(block, 257, 8) !== 'ustar' || block[263] !== 0x30) return name
  const star = textAt(block, 508, 4) === 'tar' // star: atime and ctime stand in the last 24 bytes of the prefix
  const prefix = textAt(block, 345, star ? 131 : 155)
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Historic programs summed signed bytes: both sums are accepted. */
function checkSum(block: Uint8Array, offset: number): void {
  let unsigned = 0
  let signed = 0
  for (let at = 0; at < BLOCK; at++) {
    const byte = at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0) // the field itself counts as spaces
    unsigned += byte
    signed += byte < 0x80 ? byte : byte - 0x100
  }
  const digits = textAt(block, 148, 8).trim()
  const stored = /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1
  if (stored === unsigned || stored === signed) return
  const problem = offset === 0 ? 'this is not a tar archive' : 'the archive is damaged here'
  throw new WireError('tar', offset, `${problem}: a header's checksum is "${digits}", want ${unsigned.toString(8)}`)
}

/** `length` and what it takes to fill its last block. */
export function paddedLength(length: number): number {
  return Math.ceil(length / BLOCK) * BLOCK
}
