import assert from 'node:assert/strict'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { test } from 'node:test'
import { randomBytes } from 'node:crypto'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { textFile } from '../formats/cpio/write.ts'
import { inspectInitramfs } from './inspect.ts'
import { ensurePart, type Part, type Recipe, sha256 } from './part.ts'
import { temporaryDirectory } from './testing.ts'

const ENTRIES: readonly CpioEntry[] = [textFile('a', 'hello\n'), textFile('b', 'x'.repeat(100_000))]

function recipe(made: string[], inputs: unknown = 1, compression: 'zstd' | 'gzip' = 'zstd'): Recipe<{ files: number }> {
  const make = async () => {
    made.push(JSON.stringify(inputs))
    return { entries: ENTRIES, report: { files: 2 } }
  }
  return { kind: 'tools', inputs, compression, make }
}

test('ensurePart() makes a part once, named by its digest', async () => {
  await using cache = await temporaryDirectory()
  const made: string[] = []
  const first = await ensurePart(cache.path, recipe(made))
  const second = await ensurePart(cache.path, recipe(made))
  assert.deepEqual(second, first)
  assert.deepEqual(made, ['1'])
  const bytes = await readFile(first.path)
  assert.equal(sha256(bytes), first.digest)
  assert.ok(first.path.endsWith(`/${first.digest}.cpio.zst`))
  assert.equal(bytes.byteLength, first.size)
  assert.ok(first.unpackedSize > 100_000 && first.size < 1000)
})

test('ensurePart() makes another part from other inputs or for another compression', async () => {
  await using cache = await temporaryDirectory()
  const made: string[] = []
  await ensurePart(cache.path, recipe(made, ['a']))
  await ensurePart(cache.path, recipe(made, ['b']))
  const gzip = await ensurePart(cache.path, recipe(made, ['b'], 'gzip'))
  assert.deepEqual(made, ['["a"]', '["b"]', '["b"]'])
  assert.ok(gzip.path.endsWith('.cpio.gz'))
  assert.equal((await inspectInitramfs(await readFile(gzip.path)))[0]?.compression, 'gzip')
})

const DAMAGE: Readonly<Record<string, (part: Part<unknown>) => Promise<void>>> = {
  'is cut': ({ path, size }) => truncate(path, size - 1),
  'is changed': async ({ path, size }) => writeFile(path, randomBytes(size)),
  'is empty': ({ path }) => truncate(path, 0),
}
for (const [what, damage] of Object.entries(DAMAGE)) {
  test(`ensurePart() notices a cached file that ${what}, and makes it anew`, async () => {
    await using cache = await temporaryDirectory()
    const made: string[] = []
    const part = await ensurePart(cache.path, recipe(made))
    await damage(part)
    assert.deepEqual(await ensurePart(cache.path, recipe(made)), part)
    assert.equal(made.length, 2)
    assert.equal(sha256(await readFile(part.path)), part.digest)
  })
}

test('ensurePart() notices a note that is cut', async () => {
  await using cache = await temporaryDirectory()
  const made: string[] = []
  const part = await ensurePart(cache.path, recipe(made))
  const note = (await readdir(cache.path)).find((name) => name.endsWith('.json')) ?? ''
  await truncate(`${cache.path}/${note}`, 20)
  assert.deepEqual(await ensurePart(cache.path, recipe(made)), part)
})

test('ensurePart() called many times at once gives all the same, and leaves nothing half-written', async () => {
  await using cache = await temporaryDirectory()
  const parts = await Promise.all(Array.from({ length: 8 }, () => ensurePart(cache.path, recipe([]))))
  for (const part of parts) assert.deepEqual(part, parts[0])
  assert.equal((await readdir(cache.path)).length, 2)
})
