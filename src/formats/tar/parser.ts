import { byteStringFrom, type ByteString } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'
import type { Extent, PlacedEntry, TarEntryType } from './entry.ts'
import { BLOCK, decodeHeader, paddedLength, type TarHeader } from './header.ts'
import { decodePaxRecords, xattrsOf } from './pax.ts'
import {
  decodeGnuRuns,
  decodeRunHead,
  decodeRunList,
  gnuRealSize,
  hasExtension,
  placeRuns,
  type SparseRun,
} from './sparse.ts'

/** Bytes that the parser has to see next; positions only grow, and what lies between may be skipped. */
export interface Need {
  readonly position: number
  readonly length: number
  /** The archive may end before these bytes: they come behind its end mark. */
  readonly optional: boolean
  /** The entry being read, or the last one before. */
  readonly inside: ByteString
}

/** Longest extension header that is read into memory, bytes. The kernel's xattrs are 64 KiB at most. */
const LONGEST_EXTENSION = 4 * 1024 * 1024
const TYPES: Readonly<Record<string, TarEntryType>> = {
  '0': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
  '7': 'file', // "contiguous", an ordinary file nowadays
  S: 'file', // old GNU sparse
  D: 'directory', // GNU incremental dump: content is a list of names
}

/** What extension headers said about the entry that follows them. */
interface Extension {
  readonly records: Map<string, Uint8Array>
  readonly runs: SparseRun[]
}

type Parse<T> = Generator<Need, T, Uint8Array>

/**
 * Reads an archive entry by entry: ustar, PAX, GNU, star, v7. It asks for the bytes it needs and keeps none of them;
 * `TarStream` and `readTar` (feed.ts) drive it.
 *
 * @returns the position behind the end mark
 * @throws {WireError} naming entry and offset where the archive is damaged, or of a kind that is not read
 */
export function* parseTar(onEntry: (entry: PlacedEntry) => void): Parse<number> {
  const globals = new Map<string, Uint8Array>()
  let position = 0
  let last = ''
  for (;;) {
    const found = yield* readEntry(position, last, globals)
    if (found === 'end') return position + 2 * BLOCK
    if (found.entry !== undefined) onEntry(found.entry)
    last = found.entry?.name ?? last
    position = found.next
  }
}

interface Found {
  /** Undefined for what is no file, such as a volume label. */
  readonly entry: PlacedEntry | undefined
  readonly next: number
}

function* readEntry(start: number, last: ByteString, globals: Map<string, Uint8Array>): Parse<Found | 'end'> {
  const own: Extension = { records: new Map(), runs: [] }
  let position = start
  for (;;) {
    const block = yield { position, length: BLOCK, optional: false, inside: last }
    if (isZero(block)) return yield* readEnd(position, position === start, last)
    const header = decodeHeader(block, position)
    if (!'xgXLKV'.includes(header.type)) {
      const records = new Map([...globals, ...own.records])
      return yield* readMember(header, block, start, position + BLOCK, { records, runs: own.runs })
    }
    const data = yield* readExtension(header, position + BLOCK, last)
    apply(header.type, data, position + BLOCK, own, globals)
    position += BLOCK + paddedLength(header.size)
  }
}

/** Two blocks of zeros end an archive; one at the very end is accepted, as GNU tar does. */
function* readEnd(position: number, betweenEntries: boolean, last: ByteString): Parse<'end'> {
  if (!betweenEntries)
    throw new WireError('tar', position, `the archive ends where the file behind "${last}" must begin`)
  const second = yield { position: position + BLOCK, length: BLOCK, optional: true, inside: last }
  if (!isZero(second)) throw new WireError('tar', position, `a block of zeros follows "${last}", want a header`)
  return 'end'
}

function* readExtension(header: TarHeader, position: number, last: ByteString): Parse<Uint8Array> {
  if (header.size > LONGEST_EXTENSION) {
    const most = `want at most ${LONGEST_EXTENSION}`
    throw new WireError(
      'tar',
      position - BLOCK,
      `an extension header behind "${last}" has ${header.size} bytes, ${most}`,
    )
  }
  return header.size === 0 ? new Uint8Array(0) : yield { position, length: header.size, optional: false, inside: last }
}

function apply(
  type: string,
  data: Uint8Array,
  position: number,
  own: Extension,
  globals: Map<string, Uint8Array>,
): void {
  if (type === 'L' || type === 'K') own.records.set(type === 'L' ? 'path' : 'linkpath', untilNul(data))
  if (type === 'g') for (const { key, value } of decodePaxRecords(data, position)) globals.set(key, value)
  if (type !== 'x' && type !== 'X') return
  let fileOffset = 0
  for (const { key, value } of decodePaxRecords(data, position)) {
    own.records.set(key, value)
    // Format 0.0 repeats these two, one pair per run.
    if (key === 'GNU.sparse.offset') fileOffset = numberIn(value, key, position)
    if (key === 'GNU.sparse.numbytes') own.runs.push({ fileOffset, length: numberIn(value, key, position) })
  }
}

function* readMember(
  header: TarHeader,
  block: Uint8Array,
  offset: number,
  data: number,
  { records, runs }: Extension,
): Parse<Found> {
  const text = (key: string): ByteString | undefined => textIn(records.get(key))
  const number = (key: string): number | undefined => {
    const value = records.get(key)
    return value === undefined || value.byteLength === 0 ? undefined : numberIn(value, key, offset)
  }
  const name = text('GNU.sparse.name') ?? text('path') ?? header.name
  const type = typeOf(header, name, offset)
  const stored = storedBytes(header, type, records.size > 0, number('size'))
  const content: Content =
    type === 'file'
      ? yield* readContent(header, block, { name, data, stored, records, runs, number })
      : { size: 0, extents: [], next: data + paddedLength(stored) }
  const entry: PlacedEntry = {
    name,
    type,
    mode: header.mode,
    uid: number('uid') ?? header.uid,
    gid: number('gid') ?? header.gid,
    size: content.size,
    modified: timeIn(records.get('mtime'), header.modified, offset),
    linkName: text('linkpath') ?? header.linkName,
    device: type === 'character' || type === 'block' ? header.device : { major: 0, minor: 0 },
    xattrs: xattrsOf(records),
    offset,
    extents: content.extents,
  }
  return { entry, next: content.next }
}

function typeOf(header: TarHeader, name: ByteString, offset: number): TarEntryType {
  const type = TYPES[header.type]
  if (type === undefined) {
    const hint = header.type === 'M' ? 'a volume of a split archive' : `of unknown type "${header.type}"`
    throw new WireError('tar', offset, `"${name}" is ${hint}, want a file, directory, link, device or fifo`)
  }
  return type === 'file' && name.endsWith('/') ? 'directory' : type // v7 knows no other sign of a directory
}

/** Bytes behind the header. Links of some old programs name the size of their target and carry none of it. */
function storedBytes(header: TarHeader, type: TarEntryType, extended: boolean, size: number | undefined): number {
  if (type === 'file' || header.type === 'D') return size ?? header.size
  return type === 'hardlink' && extended ? (size ?? header.size) : 0
}

interface Content {
  readonly size: number
  readonly extents: readonly Extent[]
  readonly next: number
}
interface ContentContext extends Extension {
  readonly name: ByteString
  readonly data: number
  readonly stored: number
  readonly number: (key: string) => number | undefined
}

function* readContent(header: TarHeader, block: Uint8Array, context: ContentContext): Parse<Content> {
  const { name, data, stored, records, number } = context
  if (header.type === 'S') return yield* readOldSparse(block, context)
  const next = data + paddedLength(stored)
  if (number('GNU.sparse.major') === 1) return yield* readNewSparse(context)
  const list = records.get('GNU.sparse.map')
  const runs = list === undefined ? context.runs : decodeRunList(list, data)
  const size = number('GNU.sparse.size') ?? stored
  if (list === undefined && number('GNU.sparse.size') === undefined) {
    return { size, next, extents: size === 0 ? [] : [{ fileOffset: 0, position: data, length: size }] }
  }
  return { size, next, extents: placeRuns(runs, { position: data, stored, size, name }) }
}

/** Old GNU format: the map stands in the header and in blocks between it and the content. */
function* readOldSparse(block: Uint8Array, { name, data, stored }: ContentContext): Parse<Content> {
  const size = gnuRealSize(block, data - BLOCK)
  const runs = decodeGnuRuns(block, 'header', data - BLOCK)
  let position = data
  for (let more = hasExtension(block, 'header'); more; position += BLOCK) {
    const extension: Uint8Array = yield { position, length: BLOCK, optional: false, inside: name }
    runs.push(...decodeGnuRuns(extension, 'extension', position))
    more = hasExtension(extension, 'extension')
  }
  return { size, extents: placeRuns(runs, { position, stored, size, name }), next: position + paddedLength(stored) }
}

/** PAX format 1.0: the map is the beginning of the content, filled up to whole blocks. */
function* readNewSparse({ name, data, stored, number }: ContentContext): Parse<Content> {
  const size = number('GNU.sparse.realsize') ?? 0
  let head = new Uint8Array(0)
  let runs: SparseRun[] | undefined
  while (runs === undefined) {
    if (head.byteLength + BLOCK > paddedLength(stored) || head.byteLength > LONGEST_EXTENSION) {
      throw new WireError('tar', data, `the sparse map of "${name}" has no end`)
    }
    const block: Uint8Array = yield { position: data + head.byteLength, length: BLOCK, optional: false, inside: name }
    head = Buffer.concat([head, block])
    runs = decodeRunHead(head, data)
  }
  const rest = { position: data + head.byteLength, stored: Math.max(0, stored - head.byteLength), size, name }
  return { size, extents: placeRuns(runs, rest), next: data + paddedLength(stored) }
}

function isZero(block: Uint8Array): boolean {
  return block[0] === 0 && block.every((byte) => byte === 0)
}
function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0)
  return new Uint8Array(bytes.subarray(0, end < 0 ? bytes.byteLength : end))
}
/** An empty value takes back what an earlier header said. */
function textIn(value: Uint8Array | undefined): ByteString | undefined {
  return value === undefined || value.byteLength === 0 ? undefined : byteStringFrom(value)
}
function numberIn(value: Uint8Array, key: string, offset: number): number {
  const text = byteStringFrom(value)
  const number = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new WireError('tar', offset, `PAX ${key} is "${text}", want a decimal number`)
}

/** `mtime` of PAX: seconds, maybe negative, maybe with a fraction. */
function timeIn(value: Uint8Array | undefined, seconds: number, offset: number): PlacedEntry['modified'] {
  const text = textIn(value)
  if (text === undefined) return { seconds, nanoseconds: 0 }
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(text)
  if (match === null) throw new WireError('tar', offset, `PAX mtime is "${text}", want seconds`)
  const whole = Number(match[2])
  const nanoseconds = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'))
  if (match[1] === '') return { seconds: whole, nanoseconds }
  return nanoseconds === 0
    ? { seconds: 0 - whole, nanoseconds }
    : { seconds: -whole - 1, nanoseconds: 1e9 - nanoseconds }
}
