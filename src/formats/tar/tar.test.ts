import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hex } from '../../wire/hex.ts'
import type { PlacedEntry, TarEntryType } from './entry.ts'
import { readTar, TarStream } from './feed.ts'
import { decodeHeader } from './header.ts'
import { decodePaxRecords, encodePaxRecord } from './pax.ts'
import { encodeEntry, END_OF_ARCHIVE, type NewEntry, paddingAfter, storedLength } from './writer.ts'

const zeros = (count: number): string => '00'.repeat(count)
const ascii = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
const field = (text: string, length: number): string => ascii(text.padEnd(length, '\0'))

/** /dev/console as GNU tar 1.34 writes it with --format=ustar --numeric-owner. */
const CONSOLE = hex(
  field('dev/console', 100) +
    field('0000600', 8) + // mode
    field('0000000', 8) + // uid
    field('0000005', 8) + // gid
    field('00000000000', 12) + // size
    field('14557715422', 12) + // mtime 1707055890
    field('011417\0 ', 8) + // checksum
    ascii('3') + // character device
    zeros(100) + // link name
    field('ustar\x0000', 8) +
    zeros(64) + // user and group name
    field('0000005', 8) + // major
    field('0000001', 8) + // minor
    zeros(155 + 12), // prefix, filling
)

function entryOf(changes: Partial<NewEntry> & { name: string }): NewEntry {
  const common = { mode: 0o644, uid: 0, gid: 0, size: 0, linkName: '', xattrs: new Map() }
  const rest = { modified: { seconds: 0, nanoseconds: 0 }, device: { major: 0, minor: 0 } }
  return { ...common, ...rest, type: 'file', ...changes }
}

function archive(...parts: readonly [NewEntry, string?][]): Buffer {
  const bytes = parts.flatMap(([entry, content = '']) => [
    encodeEntry(entry),
    Buffer.from(content, 'latin1'),
    paddingAfter(entry),
  ])
  return Buffer.concat([...bytes, END_OF_ARCHIVE])
}

function readAll(bytes: Buffer): PlacedEntry[] {
  const entries: PlacedEntry[] = []
  const read = (target: Uint8Array, position: number): number => bytes.copy(target, 0, position)
  readTar({ size: bytes.byteLength, read }, (entry) => entries.push(entry))
  return entries
}

function streamAll(bytes: Buffer, chunk: number): PlacedEntry[] {
  const entries: PlacedEntry[] = []
  const stream = new TarStream((entry) => entries.push(entry))
  for (let at = 0; at < bytes.byteLength; at += chunk) stream.push(Buffer.from(bytes.subarray(at, at + chunk)))
  stream.end()
  return entries
}

test('decodeHeader() reads a device node', () => {
  assert.deepEqual(decodeHeader(CONSOLE, 0), {
    name: 'dev/console',
    mode: 0o600,
    uid: 0,
    gid: 5,
    size: 0,
    modified: 1_707_055_890,
    type: '3',
    linkName: '',
    device: { major: 5, minor: 1 },
  })
})

test('encodeEntry() writes the same header', () => {
  const modified = { seconds: 1_707_055_890, nanoseconds: 0 }
  const device = { major: 5, minor: 1 }
  const entry = entryOf({ name: 'dev/console', type: 'character', mode: 0o600, gid: 5, modified, device })
  assert.deepEqual(Buffer.from(encodeEntry(entry)), Buffer.from(CONSOLE))
})

test('decodeHeader() joins the ustar prefix and reads numbers in base 256', () => {
  const block = Buffer.from(CONSOLE)
  block.write('usr/share', 345)
  block.set(hex('80000000 ffffffff'), 108) // uid 4294967295
  block.set(hex('ffffffffffffffffffffffff'), 136) // mtime -1
  block.write('        ', 148)
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  const { name, uid, modified } = decodeHeader(block, 0)
  assert.deepEqual({ name, uid, modified }, { name: 'usr/share/dev/console', uid: 4_294_967_295, modified: -1 })
})

test('decodeHeader() says whether it is no archive or a damaged one', () => {
  const block = Buffer.from(CONSOLE)
  block[0] = 0x44
  const message = (offset: number): string => `Cannot read tar at byte ${offset}: `
  assert.throws(() => decodeHeader(block, 0), { message: new RegExp(`^${message(0)}this is not a tar archive`) })
  assert.throws(() => decodeHeader(block, 1024), {
    message: new RegExp(`^${message(1024)}the archive is damaged here`),
  })
})

test('decodePaxRecords() keeps binary values', () => {
  // security.capability of ping: VFS_CAP_REVISION_2, effective, cap_net_raw
  const value = hex('01000002 00200000 00000000 00000000 00000000')
  const record = Buffer.concat([Buffer.from('57 SCHILY.xattr.security.capability='), value, Buffer.from('\n')])
  assert.deepEqual(decodePaxRecords(record, 0), [{ key: 'SCHILY.xattr.security.capability', value }])
  assert.deepEqual(Buffer.from(encodePaxRecord({ key: 'SCHILY.xattr.security.capability', value })), record)
})

test('decodePaxRecords() refuses a length that does not lead to a newline', () => {
  for (const text of ['99 path=a\n', '7 path=a\n', 'path=a\n', '0 path=a\n', '10 path-a\n', ' path=a\n']) {
    assert.throws(() => decodePaxRecords(Buffer.from(text), 512), /at byte 512: a PAX record is malformed/, text)
  }
})

test('readTar() takes GNU long names', () => {
  const name = `${'d/'.repeat(80)}file`
  const long = Buffer.from(CONSOLE)
  const gnu = (type: string, text: string): Buffer => {
    const block = Buffer.alloc(1024)
    long.copy(block)
    block.write(`${text.length.toString(8).padStart(11, '0')}\0`, 124)
    block.write(text, 512)
    return retyped(block, type)
  }
  const bytes = Buffer.concat([gnu('L', `${name}\0`), gnu('K', `${name}2\0`), CONSOLE, END_OF_ARCHIVE])
  assert.deepEqual(
    readAll(bytes).map((entry) => [entry.name, entry.linkName, entry.offset]),
    [[name, `${name}2`, 0]],
  )
})

test('readTar() applies a global header until an entry says otherwise', () => {
  const global = Buffer.from(encodeEntry(entryOf({ name: 'a', uid: 9_999_999 })).subarray(0, 1024))
  const bytes = Buffer.concat([
    retyped(global, 'g'),
    archive([entryOf({ name: 'a' })], [entryOf({ name: 'b', uid: 8_888_888 })]),
  ])
  assert.deepEqual(
    readAll(bytes).map((entry) => entry.uid),
    [9_999_999, 8_888_888],
  )
})

/** The same header with another type flag and, of course, another checksum. */
function retyped(header: Uint8Array, type: string): Buffer {
  const block = Buffer.from(header)
  block.write('        ', 148)
  block.write(type, 156)
  const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

test('readTar() passes over volume labels and refuses what it does not know', () => {
  const label = retyped(CONSOLE, 'V')
  assert.deepEqual(
    readAll(Buffer.concat([label, CONSOLE, END_OF_ARCHIVE])).map((entry) => entry.offset),
    [0],
  )
  const split = Buffer.concat([CONSOLE, retyped(CONSOLE, 'M'), END_OF_ARCHIVE])
  assert.throws(() => readAll(split), /at byte 512: "dev\/console" is a volume of a split archive, want a file/)
  const odd = Buffer.concat([retyped(CONSOLE, '?'), END_OF_ARCHIVE])
  assert.throws(() => readAll(odd), /at byte 0: "dev\/console" is of unknown type "\?", want a file, directory/)
})

test('readTar() says where an archive is cut, at every byte', () => {
  const bytes = archive([
    entryOf({ name: 'bin/tool', size: 700, xattrs: new Map([['user.a', hex('00ff')]]) }),
    'x'.repeat(700),
  ])
  const mark = bytes.byteLength - 1024
  for (let length = 0; length < bytes.byteLength; length++) {
    const read = (): unknown => readAll(bytes.subarray(0, length))
    if (length >= mark + 512)
      assert.doesNotThrow(read) // one block of zeros at the end is accepted
    else if (length === 0) assert.throws(read, /at byte 0: it is empty/)
    else assert.throws(read, new RegExp(`at byte ${length}: the archive is cut`))
  }
  const message = /at byte 2000: the archive is cut inside or right behind "bin\/tool": it goes on at least to byte/
  assert.throws(() => readAll(bytes.subarray(0, 2000)), message)
})

test('readTar() refuses sparse maps that do not fit', () => {
  const runs = [
    { fileOffset: 0, length: 600 },
    { fileOffset: 500, length: 100 },
  ]
  assert.throws(
    () => readAll(archive([entryOf({ name: 's', size: 4096, runs }), 'x'.repeat(700)])),
    /sparse map of "s"/,
  )
})

test('TarStream throws where a block of zeros stands between entries', () => {
  const bytes = Buffer.concat([CONSOLE, Buffer.alloc(512), CONSOLE, END_OF_ARCHIVE])
  assert.throws(() => streamAll(bytes, 100), /at byte 512: a block of zeros follows "dev\/console", want a header/)
})

const bytesArbitrary = fc.uint8Array({ maxLength: 40 })
const nameArbitrary = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 200 })
  .map((codes) => `n${String.fromCharCode(...codes)}`.replace(/\/+$/, ''))
const entryArbitrary: fc.Arbitrary<[NewEntry, string]> = fc
  .record({
    name: nameArbitrary,
    type: fc.constantFrom<TarEntryType>('file', 'hardlink', 'symlink', 'character', 'block', 'directory', 'fifo'),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 0xffffffff }),
    gid: fc.integer({ min: 0, max: 0xffffffff }),
    seconds: fc.integer({ min: -(2 ** 40), max: 2 ** 40 }),
    nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
    linkName: nameArbitrary,
    major: fc.integer({ min: 0, max: 0xfff }),
    xattrs: fc.dictionary(fc.stringMatching(/^user\.[a-z]{1,9}$/), bytesArbitrary, { maxKeys: 3 }),
    content: fc.string({ maxLength: 1200, unit: fc.constantFrom('a', '\0', 'ÿ') }),
    gaps: fc.option(fc.array(fc.integer({ min: 1, max: 9999 }), { maxLength: 40 })),
  })
  .map(({ linkName, major, xattrs, content, gaps, seconds, nanoseconds, ...other }) => {
    const rest = { ...other, modified: { seconds, nanoseconds } }
    const linked = rest.type === 'hardlink' || rest.type === 'symlink'
    const device =
      rest.type === 'character' || rest.type === 'block' ? { major, minor: major * 3 } : { major: 0, minor: 0 }
    const base = { ...rest, linkName: linked ? linkName : '', device, xattrs: new Map(Object.entries(xattrs)) }
    if (rest.type !== 'file') return [{ ...base, size: 0 }, '']
    if (gaps === null) return [{ ...base, size: content.length }, content]
    let at = 0
    const runs = gaps.map((gap) => {
      at += gap + 3
      return { fileOffset: at - 3, length: 3 }
    })
    return [{ ...base, size: at + 5, runs }, 'abc'.repeat(runs.length)]
  })

test('readTar() and TarStream read back what encodeEntry() wrote, chunked in any way', () => {
  const list = fc.array(entryArbitrary, { maxLength: 6 })
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 2000 }), (entries, chunk) => {
      const bytes = archive(...entries)
      const found = readAll(bytes)
      assert.deepEqual(streamAll(bytes, chunk), found)
      assert.equal(found.length, entries.length)
      for (const [index, [{ runs, ...entry }, content]] of entries.entries()) {
        const { offset, extents, ...rest } = found[index] ?? assert.fail()
        assert.equal(offset % 512, 0)
        assert.deepEqual(rest, { ...entry, xattrs: rest.xattrs })
        assert.deepEqual(
          new Map([...rest.xattrs].map(([k, v]) => [k, Buffer.from(v)])),
          new Map([...entry.xattrs].map(([k, v]) => [k, Buffer.from(v)])),
        )
        const stored = extents
          .map(({ position, length }) => bytes.toString('latin1', position, position + length))
          .join('')
        assert.equal(stored, content)
        assert.equal(stored.length, storedLength({ ...entry, ...(runs === undefined ? {} : { runs }) }))
        if (runs !== undefined)
          assert.deepEqual(
            extents.map(({ fileOffset, length }) => ({ fileOffset, length })),
            runs,
          )
      }
    }),
    { numRuns: 300 },
  )
})
