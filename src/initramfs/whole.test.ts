import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { textFile } from '../formats/cpio/write.ts'
import { inspectInitramfs } from './inspect.ts'
import { ensurePart, type Part } from './part.ts'
import { temporaryDirectory } from './testing.ts'
import { ensureWhole } from './whole.ts'

function part(cache: string, ...names: readonly string[]): Promise<Part<null>> {
  const entries = names.map((name) => textFile(name, `${names.length}`))
  const make = async () => ({ entries, report: null })
  return ensurePart(cache, { kind: 'drivers', inputs: names, compression: 'none', make })
}

test('ensureWhole() makes one archive of several parts; a later file takes the place of an earlier one', async () => {
  await using cache = await temporaryDirectory()
  const parts = [await part(cache.path, 'init', 'same'), await part(cache.path, 'a', 'b', 'same')]
  const whole = await ensureWhole(cache.path, parts, 'zstd')
  const segments = await inspectInitramfs(await readFile(whole.path))
  const files = segments.flatMap(({ entries }) => entries)
  const contents = files.map((file) => [file.name, file.type === 'file' ? String.fromCharCode(...file.content) : ''])
  assert.equal(segments.length, 1)
  assert.deepEqual(contents, [
    ['a', '3'],
    ['b', '3'],
    ['init', '2'],
    ['same', '3'],
  ])
})

test('ensureWhole() says that a part is damaged, once', async () => {
  await using cache = await temporaryDirectory()
  const damaged = await part(cache.path, 'init')
  await writeFile(damaged.path, Buffer.alloc(damaged.size))
  await assert.rejects(ensureWhole(cache.path, [damaged], 'gzip'), /it is damaged, and was removed; the next call/)
  const again = await part(cache.path, 'init')
  assert.equal((await ensureWhole(cache.path, [again], 'gzip')).unpackedSize, again.size)
})
