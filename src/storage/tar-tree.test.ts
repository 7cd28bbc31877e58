import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { encodeEntry, END_OF_ARCHIVE, paddingAfter } from '../formats/tar/writer.ts'
import type { ByteSource } from './byte-source.ts'
import { fileTreeConformance, type Specimen, SPECIMENS } from './conformance.ts'
import { StaleNodeError } from './file-tree.ts'
import { readPath, resolvePath } from './paths.ts'
import { decodeTarIndex, encodeTarIndex, loadTarIndex, saveTarIndex } from './tar-index-file.ts'
import { openTarTree, scanTar, type TarTree } from './tar-tree.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-tar-'))
after(() => rmSync(base, { recursive: true }))
let count = 0

function tarOf(...entries: readonly Partial<Specimen>[]): string {
  const path = join(base, `${count++}.tar`)
  const parts = entries.flatMap((changes) => {
    const entry: Specimen = { ...BLANK, size: changes.content?.byteLength ?? 0, ...changes }
    return [encodeEntry(entry), entry.content ?? new Uint8Array(0), paddingAfter(entry)]
  })
  writeFileSync(path, Buffer.concat([...parts, END_OF_ARCHIVE]))
  return path
}
const BLANK: Specimen = {
  name: '',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  size: 0,
  modified: { seconds: 0, nanoseconds: 0 },
  linkName: '',
  device: { major: 0, minor: 0 },
  xattrs: new Map(),
}
const dir = (name: string, mode = 0o755): Partial<Specimen> => ({ name, type: 'directory', mode })
const file = (name: string, text = ''): Partial<Specimen> => ({ name, content: Buffer.from(text) })
const link = (name: string, linkName: string): Partial<Specimen> => ({ name, type: 'symlink', linkName })
const hard = (name: string, linkName: string): Partial<Specimen> => ({ name, type: 'hardlink', linkName })

const specimens = tarOf(...SPECIMENS)
fileTreeConformance('TarTree, scanned,', () => openTarTree(specimens))
fileTreeConformance('TarTree, from its index file,', async () => {
  const path = `${specimens}.index`
  if ((await loadTarIndex(path, 'aa')) === undefined) await saveTarIndex(path, 'aa', await scanTar(specimens))
  return openTarTree(specimens, await loadTarIndex(path, 'aa'))
})

async function names(tree: TarTree, path = ''): Promise<string[]> {
  const node = (await resolvePath(tree, path)) ?? assert.fail()
  return (await tree.list(node)).map((entry) => `${entry.name}=${entry.node}`)
}

test('TarTree tells where a file without holes lies in the archive, as long as it is open', async () => {
  const path = tarOf(file('a', 'first'), file('b', 'second'), file('empty'), dir('d'))
  const tree = await openTarTree(path)
  const open = async (name: string): Promise<ByteSource> => tree.open((await resolvePath(tree, name)) ?? assert.fail())
  const place = (await open('b')).place
  assert.ok(place !== undefined)
  assert.equal(readFileSync(path).toString('latin1', place.offset, place.offset + 6), 'second')
  assert.equal((await open('empty')).place, undefined)
  await tree.close()
  assert.equal(place.isInMemory(0, 6), false)
})

test('TarTree numbers entries by their place, and what they imply behind them', async () => {
  const tree = await openTarTree(tarOf(file('a/b/one'), dir('./c'), hard('c/again', '/a/b/one'), file('/c/two')))
  assert.deepEqual(await names(tree), ['a=6', 'c=2'])
  assert.equal(tree.root, 5)
  assert.deepEqual(await names(tree, 'a'), ['b=7'])
  assert.deepEqual(await names(tree, 'a/b'), ['one=1'])
  assert.deepEqual(await names(tree, 'c'), ['again=1', 'two=4'])
  assert.throws(() => tree.attributes(3), StaleNodeError) // a hard link has no node of its own
  assert.equal(tree.attributes(6).mode, 0o755)
  assert.equal(tree.attributes(tree.root).linkCount, 4)
})

test('TarTree lets a later entry replace an earlier one, but keeps what is in a directory', async () => {
  const tree = await openTarTree(
    tarOf(dir('d', 0o700), file('d/f', 'old'), file('d/f', 'new'), dir('d', 0o750), hard('d/f', 'd/f')),
  )
  assert.deepEqual(await names(tree, 'd'), ['f=3'])
  assert.equal(String(await readPath(tree, 'd/f')), 'new')
  assert.equal(tree.attributes((await tree.lookup(tree.root, 'd')) ?? 0).mode, 0o750)
  assert.throws(() => tree.attributes(2), StaleNodeError)
})

test('TarTree follows a symlink that an entry goes through, as long as it stays inside', async () => {
  const tree = await openTarTree(
    tarOf(
      dir('usr/lib'),
      link('lib', './usr/lib'),
      file('lib/x', 'through'),
      link('usr/up', '../usr/lib'),
      file('usr/up/y'),
    ),
  )
  assert.deepEqual(await names(tree, 'usr/lib'), ['x=3', 'y=5'])
})

test('TarTree keeps owners, devices and binary xattrs', async () => {
  const xattrs = new Map([['security.capability', Uint8Array.of(1, 0, 0, 2, 0, 10, 61)]])
  const device = { major: 259, minor: 70_000 }
  const path = tarOf(
    { name: 'ping', uid: 4_000_000_000, gid: 100_000, xattrs },
    { name: 'nvme', type: 'block', device },
  )
  const tree = await openTarTree(path)
  const { uid, gid } = tree.attributes(1)
  assert.deepEqual({ uid, gid }, { uid: 4_000_000_000, gid: 100_000 })
  assert.deepEqual(tree.extendedAttributes(1), xattrs)
  assert.deepEqual(tree.attributes(2).device, device)
})

const REFUSED: readonly (readonly [string, readonly Partial<Specimen>[], RegExp])[] = [
  [
    '..',
    [file('a/../../etc/passwd')],
    /at byte 0: the entry "a\/..\/..\/etc\/passwd" has ".." in "a\/..\/..\/etc\/passwd", want a path inside the tree/,
  ],
  [
    'a hard link to ..',
    [file('a'), hard('b', '../../etc/shadow')],
    /at byte 512: the entry "b" has ".." in "..\/..\/etc\/shadow"/,
  ],
  [
    'an entry through an absolute symlink',
    [link('e', '/etc'), file('e/passwd')],
    /the entry "e\/passwd" goes through the symlink "e" -> "\/etc", which leads out of the tree/,
  ],
  [
    'an entry through a symlink upwards',
    [link('e', '../../etc'), file('e/passwd')],
    /the entry "e\/passwd" goes through a symlink that leads out of the tree/,
  ],
  [
    'a hard link through an absolute symlink',
    [link('e', '/etc'), hard('b', 'e/passwd')],
    /the entry "b" goes through the symlink "e" -> "\/etc"/,
  ],
  [
    'a hard link to nothing',
    [hard('b', 'etc/a')],
    /the entry "b" is a hard link to "etc\/a", which does not come before it/,
  ],
  ['a hard link to a directory', [dir('etc'), hard('b', 'etc')], /the entry "b" is a hard link to "etc", a directory/],
  [
    'an entry below a file',
    [file('a'), file('a/b')],
    /the entry "a\/b" lies below "a", which is a file, want a directory/,
  ],
  ['a loop', [link('a', 'b'), link('b', 'a'), file('a/x')], /the entry "a\/x" goes through a loop of symlinks/],
]
for (const [what, entries, message] of REFUSED) {
  test(`TarTree refuses ${what}`, async () => {
    await assert.rejects(openTarTree(tarOf(...entries)), { message })
  })
}

test('TarTree does not invent what became shorter, and says so', async () => {
  const path = tarOf(file('a', 'x'.repeat(5000)))
  const tree = await openTarTree(path)
  writeFileSync(path, 'short')
  assert.throws(() => tree.open(1).read(new Uint8Array(10), 4000), /at byte 4512: it became shorter/)
  await tree.close()
  await tree.close()
  assert.throws(() => tree.open(1).read(new Uint8Array(10), 0), /was closed/)
})

test('decodeTarIndex() refuses an index that is cut, changed, or of another archive', async () => {
  const index = await scanTar(specimens)
  const bytes = encodeTarIndex('aa', index)
  assert.deepEqual(decodeTarIndex(bytes, 'aa'), { ...index, pool: Buffer.from(index.pool) })
  assert.throws(() => decodeTarIndex(bytes, 'bb'), /it is of archive aa, want bb/)
  assert.throws(() => decodeTarIndex(bytes.subarray(0, 900), 'aa'), /its checksum is wrong/)
  assert.throws(() => decodeTarIndex(Buffer.alloc(3), 'aa'), /want "NRTARIX1"/)
  const changed = Buffer.from(bytes)
  changed[500] = (changed[500] ?? 0) ^ 1
  assert.throws(() => decodeTarIndex(changed, 'aa'), /its checksum is wrong/)
  writeFileSync(join(base, 'broken.index'), changed)
  assert.equal(await loadTarIndex(join(base, 'broken.index'), 'aa'), undefined)
  assert.equal(await loadTarIndex(join(base, 'missing.index'), 'aa'), undefined)
})

test('TarTree makes a large directory in slices, and finds names in it meanwhile', async () => {
  const all = Array.from({ length: 5000 }, (_, at) => file(`large/f${at}`))
  const tree = await openTarTree(tarOf(dir('large'), ...all))
  const large = (await tree.lookup(tree.root, 'large')) ?? assert.fail()
  const looking = tree.lookup(large, 'f4999')
  assert.ok(looking instanceof Promise)
  const listing = tree.list(large)
  assert.equal((await listing).length, 5000)
  assert.equal(await looking, (await listing).at(-1)?.node)
  assert.equal(tree.lookup(large, 'f0'), (await listing)[0]?.node)
  await tree.close()
})

test('TarTree tells where the holes of a sparse file begin and end', async () => {
  const tree = await openTarTree(specimens)
  const source = tree.open((await resolvePath(tree, 'usr/lib/sparse')) ?? assert.fail())
  const seek = (at: number, region: 'data' | 'hole'): unknown => source.seek?.(at, region)
  assert.deepEqual([seek(0, 'data'), seek(65_540, 'data'), seek(69_632, 'data')], [65_536, 65_540, 1_048_576])
  assert.deepEqual([seek(0, 'hole'), seek(65_536, 'hole'), seek(1_048_577, 'hole')], [0, 69_632, 1_052_672])
  assert.deepEqual([seek(1_052_672, 'data'), seek(2_097_153, 'hole')], [undefined, undefined])
  const tool = tree.open((await resolvePath(tree, 'bin/tool')) ?? assert.fail())
  assert.deepEqual([tool.seek?.(7, 'data'), tool.seek?.(7, 'hole')], [7, 200_001])
  await tree.close()
})
