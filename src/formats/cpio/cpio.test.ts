import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../wire/error.ts'
import type { CpioEntry } from './entry.ts'
import { readCpio } from './read.ts'
import { completeTree } from './tree.ts'
import { textFile, writeCpio } from './write.ts'

/** Made by GNU cpio 2.13 with `-o -H newc --reproducible -R 0:0` of files with time 0, without its padding to 512. */
const GOLDEN = [
  // magic ino     mode    uid     gid     nlink   mtime   size    devices         rdevices        namesize check
  '070701 00000000 000041ED 0000000000000000 00000002 00000000 00000000', // 040755
  '0000000000000000 0000000000000000 00000002 00000000 d\0',
  '070701 00000001 000081A4 0000000000000000 00000002 00000000 00000000', // 0100644, 2 links
  '0000000000000000 0000000000000000 00000004 00000000 d/a\0\0\0', // its content stands with d/b
  '070701 00000001 000081A4 0000000000000000 00000002 00000000 00000006',
  '0000000000000000 0000000000000000 00000004 00000000 d/b\0\0\0 hello\n\0\0',
  '070701 00000002 0000A1FF 0000000000000000 00000001 00000000 00000001', // 0120777
  '0000000000000000 0000000000000000 00000004 00000000 d/l\0\0\0 a\0\0\0',
  '070701 00000003 000021B6 0000000000000000 00000001 00000000 00000000', // 020666
  '0000000000000000 0000000100000003 00000005 00000000 null\0\0', // device 1:3
  '070701 00000000 00000000 0000000000000000 00000001 00000000 00000000',
  '0000000000000000 0000000000000000 0000000B 00000000 TRAILER!!!\0\0\0\0',
]
  .join('')
  .replaceAll(' ', '')

const ENTRIES: readonly CpioEntry[] = [
  { type: 'directory', name: 'd', mode: 0o755 },
  textFile('d/a', 'hello\n'),
  { type: 'link', name: 'd/b', to: 'd/a' },
  { type: 'symlink', name: 'd/l', target: 'a' },
  { type: 'character', name: 'null', mode: 0o666, device: { major: 1, minor: 3 } },
]

function archive(entries: readonly CpioEntry[]): Buffer {
  return Buffer.concat(writeCpio(entries))
}

test('writeCpio() writes what GNU cpio writes: directory, hard link, symlink, device node', () => {
  assert.equal(archive(ENTRIES).toString('latin1'), GOLDEN)
})

test('readCpio() reads what GNU cpio wrote, and says where it ends', () => {
  const { entries, end } = readCpio(Buffer.from(`${GOLDEN}\0\0\0\0more`, 'latin1'))
  const owner = { uid: 0, gid: 0 }
  const wanted = ENTRIES.map((entry) =>
    entry.type === 'symlink' || entry.type === 'link' ? entry : { ...entry, ...owner },
  )
  assert.deepEqual(entries, wanted)
  assert.equal(end, GOLDEN.length)
})

test('readCpio() says of an archive cut at any byte that it is cut', () => {
  const whole = archive(ENTRIES)
  for (let length = 0; length < whole.byteLength - 2; length++) {
    assert.throws(() => readCpio(whole.subarray(0, length)), WireError, `cut at ${length}`)
  }
})

test('readCpio() reads the format with checksums too, as the kernel does', () => {
  const plain = archive([textFile('a', 'text')])
  const checked = Buffer.from(plain.toString('latin1').replaceAll('070701', '070702'), 'latin1')
  assert.deepEqual(readCpio(checked), readCpio(plain))
})

test('readCpio() says what stands where an archive should begin', () => {
  assert.throws(() => readCpio(Buffer.from('070707'.padEnd(200, '0'))), /magic is "070707", want 070701/)
  assert.throws(() => readCpio(Buffer.from(`070701${'x'.repeat(200)}`)), /inode is "xxxxxxxx", want 8 hex digits/)
})

const component = fc.stringMatching(/^[a-z0-9~ \x80-\xff]{1,8}$/)
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const mode = fc.integer({ min: 0, max: 0o7777 })
const owner = { uid: fc.nat({ max: 65_535 }), gid: fc.nat({ max: 65_535 }) }
const entry: fc.Arbitrary<CpioEntry> = fc.oneof(
  fc.record({ type: fc.constant('file' as const), name: path, mode, ...owner, content: fc.uint8Array() }),
  fc.record({ type: fc.constant('symlink' as const), name: path, target: fc.stringMatching(/^[a-z/.]{1,20}$/) }),
  fc.record({
    type: fc.constantFrom('character' as const, 'block' as const),
    name: path,
    mode,
    ...owner,
    device: fc.tuple(fc.nat({ max: 4095 }), fc.nat({ max: 1_048_575 })).map(([major, minor]) => ({ major, minor })),
  }),
)

/** Trees in which no file stands where another entry needs a directory. */
const tree = fc.uniqueArray(entry, { selector: ({ name }) => name.split('/')[0] }).map(completeTree)

test('readCpio() gives back what writeCpio() was given', () => {
  fc.assert(
    fc.property(tree, (entries) => {
      const plain = (list: readonly CpioEntry[]): unknown =>
        list.map((one) => ({ uid: 0, gid: 0, ...one, ...('content' in one ? { content: [...one.content] } : {}) }))
      assert.deepEqual(plain(readCpio(archive(entries)).entries), plain(entries))
    }),
  )
})

test('writeCpio() refuses what the kernel would unpack wrong', () => {
  const refused: readonly (readonly [readonly CpioEntry[], RegExp])[] = [
    [[textFile('a/b', '')], /"a\/b": a is not a directory that stands before it/],
    [[textFile('b', ''), textFile('b', '')], /"b": it comes twice/],
    [[textFile('/b', '')], /"\/b": want a relative path/],
    [[textFile('../b', '')], /want a relative path without empty, "." and ".."/],
    [[textFile('a\0b', '')], /want a relative path/],
    [[textFile('TRAILER!!!', '')], /it would end the archive/],
    [[{ type: 'link', name: 'b', to: 'a' }], /"b": it links to "a", which is no file that stands before it/],
  ]
  for (const [entries, message] of refused) assert.throws(() => writeCpio(entries), message)
})

test('completeTree() puts missing directories before what is in them, whatever the order it is given', () => {
  const entries = [textFile('lib/x/y', ''), textFile('init', ''), textFile('lib-z', '')]
  const names = ['init', 'lib', 'lib-z', 'lib/x', 'lib/x/y']
  assert.deepEqual(
    completeTree(entries).map(({ name }) => name),
    names,
  )
  assert.deepEqual(
    completeTree(entries.toReversed()).map(({ name }) => name),
    names,
  )
  assert.doesNotThrow(() => archive(completeTree(entries)))
})
