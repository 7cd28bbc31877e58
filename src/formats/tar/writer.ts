import { type ByteString, bytesOf } from '../../wire/bytestring.ts'
import type { TarEntry, TarEntryType } from './entry.ts'
import { BLOCK, paddedLength } from './header.ts'
import { encodePaxRecord } from './pax.ts'
import type { SparseRun } from './sparse.ts'

/** An entry to write. */
export interface NewEntry extends TarEntry {
  /** Of a file with holes: what is stored, ascending. */
  readonly runs?: readonly SparseRun[]
}

const FLAGS: Readonly<Record<TarEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}
const HIGHEST_ID = 0o7777777
const HIGHEST_NUMBER = 0o77777777777

/** Two blocks of zeros. */
export const END_OF_ARCHIVE: Uint8Array = new Uint8Array(2 * BLOCK)

/**
 * Encodes what stands before the content of an entry: its header, before that a PAX extended header if something
 * does not fit into it. The same entry always gives the same bytes. The content follows (of a sparse file the runs,
 * one after the other), then `paddingAfter(entry)`.
 */
export function encodeEntry(entry: NewEntry): Uint8Array {
  const map = entry.runs === undefined ? new Uint8Array(0) : encodeMap(entry.runs)
  const size = map.byteLength + storedLength(entry)
  const records = recordsOf(entry, size)
  const header = encodeHeader(shortName(entry), FLAGS[entry.type], size, entry)
  if (records.length === 0) return Buffer.concat([header, map])
  const body = Buffer.concat(records.map(([key, value]) => encodePaxRecord({ key, value })))
  const extension = encodeHeader(cutTo(`PaxHeaders/${lastOf(entry.name)}`), 'x', body.byteLength, undefined)
  return Buffer.concat([extension, body, new Uint8Array(paddedLength(body.byteLength) - body.byteLength), header, map])
}

/** Bytes of content that follow the header: holes are not stored. */
export function storedLength(entry: NewEntry): number {
  if (entry.type !== 'file') return 0
  return entry.runs === undefined ? entry.size : entry.runs.reduce((sum, { length }) => sum + length, 0)
}

/** Zeros that fill the last block behind the content. */
export function paddingAfter(entry: NewEntry): Uint8Array {
  const stored = storedLength(entry)
  return new Uint8Array(paddedLength(stored) - stored)
}

/** What the header has no room for, by key. */
function recordsOf(entry: NewEntry, size: number): [string, Uint8Array][] {
  const { name, linkName, uid, gid, modified, xattrs, runs } = entry
  const found = new Map<string, Uint8Array>()
  const add = (key: string, value: ByteString | number): unknown => found.set(key, bytesOf(String(value)))
  if (runs !== undefined) {
    add('GNU.sparse.major', 1)
    add('GNU.sparse.minor', 0)
    add('GNU.sparse.name', name)
    add('GNU.sparse.realsize', entry.size)
  } else if (name.length > 100) add('path', name)
  if (linkName.length > 100) add('linkpath', linkName)
  if (uid > HIGHEST_ID) add('uid', uid)
  if (gid > HIGHEST_ID) add('gid', gid)
  if (size > HIGHEST_NUMBER) add('size', size)
  if (modified.nanoseconds !== 0 || modified.seconds < 0 || modified.seconds > HIGHEST_NUMBER) {
    add('mtime', timeText(modified))
  }
  for (const [key, value] of xattrs) found.set(`SCHILY.xattr.${key}`, value)
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1))
}

function encodeHeader(name: ByteString, flag: string, size: number, entry: TarEntry | undefined): Uint8Array {
  const block = Buffer.alloc(BLOCK)
  block.set(bytesOf(name), 0)
  octal(block, 100, 8, entry?.mode ?? 0o644)
  octal(block, 108, 8, within(entry?.uid ?? 0, HIGHEST_ID))
  octal(block, 116, 8, within(entry?.gid ?? 0, HIGHEST_ID))
  octal(block, 124, 12, within(size, HIGHEST_NUMBER))
  octal(block, 136, 12, within(entry?.modified.seconds ?? 0, HIGHEST_NUMBER))
  block.write('        ', 148, 'latin1') // the checksum counts itself as spaces
  block.write(flag, 156, 'latin1')
  block.set(bytesOf((entry?.linkName ?? '').slice(0, 100)), 157)
  block.write('ustar\x0000', 257, 'latin1')
  octal(block, 329, 8, entry?.device.major ?? 0)
  octal(block, 337, 8, entry?.device.minor ?? 0)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return block
}

/** What the extended header says instead stands as 0 in the header. */
function within(value: number, highest: number): number {
  return value < 0 || value > highest ? 0 : value
}

function octal(block: Buffer, at: number, length: number, value: number): void {
  const digits = value.toString(8).padStart(length - 1, '0')
  if (digits.length >= length) throw new RangeError(`Cannot write ${value} into ${length} bytes of a tar header`)
  block.write(digits, at, 'latin1')
}

function encodeMap(runs: readonly SparseRun[]): Uint8Array {
  const numbers = [runs.length, ...runs.flatMap(({ fileOffset, length }) => [fileOffset, length])]
  const text = Buffer.from(`${numbers.join('\n')}\n`)
  return Buffer.concat([text, new Uint8Array(paddedLength(text.byteLength) - text.byteLength)])
}

/** What programs see that do not know the extension. */
function shortName({ name, runs }: NewEntry): ByteString {
  return cutTo(runs === undefined ? name : `GNUSparseFile.0/${lastOf(name)}`)
}
function lastOf(name: ByteString): ByteString {
  return name.slice(name.replace(/\/$/, '').lastIndexOf('/') + 1)
}
function cutTo(name: ByteString): ByteString {
  return name.slice(0, 100)
}

/** Seconds with a fraction; before 1970 the fraction counts away from zero, as the sign does. */
function timeText({ seconds, nanoseconds }: TarEntry['modified']): string {
  const negative = seconds < 0 && nanoseconds !== 0
  const whole = negative ? -seconds - 1 : Math.abs(seconds)
  const fraction = negative ? 1e9 - nanoseconds : nanoseconds
  const digits = fraction === 0 ? '' : `.${String(fraction).padStart(9, '0').replace(/0+$/, '')}`
  return `${seconds < 0 ? '-' : ''}${whole}${digits}`
}
