import assert from 'node:assert/strict'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openFileSource } from './file-source.ts'

const directory = await mkdtemp(join(tmpdir(), 'netroot-source-'))
after(() => rm(directory, { recursive: true }))

/** A file of this test. */
async function fileOf(text: string): Promise<string> {
  const path = join(directory, `${Math.random()}`)
  await writeFile(path, text)
  return path
}

test('openFileSource() reads anywhere, less at the end and nothing behind it', async () => {
  const source = await openFileSource(await fileOf('0123456789'))
  const target = Buffer.alloc(4)
  assert.equal(source.size, 10)
  assert.equal(await source.read(target, 3), 4)
  assert.equal(target.toString(), '3456')
  assert.equal(await source.read(target, 8), 2)
  assert.equal(target.toString('latin1', 0, 2), '89')
  assert.equal(await source.read(target, 10), 0)
  assert.equal(await source.read(target, 99), 0)
  await source.close()
})

test('openFileSource() keeps to the part it was given', async () => {
  const source = await openFileSource(await fileOf('0123456789'), { offset: 2, length: 3 })
  const target = Buffer.alloc(8)
  assert.equal(source.size, 3)
  assert.equal(await source.read(target, 1), 2)
  assert.equal(target.toString('latin1', 0, 2), '34')
  await source.close()
})

test('openFileSource() refuses a part that is none', async () => {
  const path = await fileOf('x')
  await assert.rejects(openFileSource(path, { offset: -1, length: 1 }), /want whole numbers from 0/)
  await assert.rejects(openFileSource(`${path}-none`), { code: 'ENOENT' })
})

test('a file source gives less when the file was cut off, and the same size', async () => {
  const path = await fileOf('0123456789')
  const source = await openFileSource(path)
  await truncate(path, 4)
  assert.equal(await source.read(Buffer.alloc(10), 0), 4)
  assert.equal(source.size, 10)
  await source.close()
})

test('a file source that was closed reads no other file that got its number', async () => {
  const source = await openFileSource(await fileOf('old'))
  await source.close()
  const other = await openFileSource(await fileOf('new'))
  assert.throws(() => source.read(Buffer.alloc(3), 0), /was closed/)
  await source.close()
  await other.close()
})

test('a file source reads what memory has at once, and waits for the medium elsewhere', async () => {
  let cached: number | 'waits' = 'waits'
  const source = await openFileSource(await fileOf('0123456789'), undefined, (_, target) => {
    if (cached !== 'waits') target.fill(0x78, 0, cached)
    return cached
  })
  const target = Buffer.alloc(10)
  const cold = source.read(target, 0)
  assert.ok(cold instanceof Promise, 'nothing that waits is done at once')
  assert.equal(await cold, 10)
  cached = 10
  assert.ok(source.read(target, 0) instanceof Promise, 'nor what comes right after it')
  let reads = 1
  for (; typeof source.read(Buffer.alloc(10), 0) !== 'number'; reads += 1) assert.ok(reads < 100, 'but not for ever')
  cached = 4
  assert.equal(await source.read(target, 0), 10)
  assert.equal(target.toString(), 'xxxx456789')
  await source.close()
})

test('a file source answers a medium that was slow through the thread pool, with the same bytes', async (t) => {
  const source = await openFileSource(await fileOf('0123456789'), undefined, () => undefined)
  let clock = 0
  t.mock.method(performance, 'now', () => (clock += 100)) // each read seems to take 100 ms
  const target = Buffer.alloc(10)
  assert.equal(typeof source.read(target, 0), 'number')
  const later = source.read(target.fill(0), 0)
  assert.ok(later instanceof Promise)
  assert.equal(await later, 10)
  assert.equal(target.toString(), '0123456789')
  await source.close()
})
