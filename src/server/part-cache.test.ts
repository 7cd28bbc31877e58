import assert from 'node:assert/strict'
import { readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { PartCache } from './part-cache.ts'
import { temporaryDirectory } from './testing.ts'

const NOW = Date.UTC(2026, 10, 21)
const HOURS = 3_600_000
const [OLD, NEW] = ['ab'.repeat(32), 'cd'.repeat(32)]

function fileOf(digit: string): string {
  return `${digit.repeat(64)}.cpio.zst`
}

/** A cache with parts of 1000 bytes: what each is made of, and how long ago it was used. */
async function cacheOf(t: TestContext, parts: readonly { digit: string; release?: string; hours: number }[]) {
  const directory = await temporaryDirectory(t)
  const cache = new PartCache(directory)
  for (const { digit, release, hours } of parts) {
    const file = join(directory, fileOf(digit))
    await writeFile(file, Buffer.alloc(1000))
    await utimes(file, (NOW - hours * HOURS) / 1000, (NOW - hours * HOURS) / 1000)
    await writeFile(join(directory, `drivers-${digit}.json`), `{\n "file": "${fileOf(digit)}" }`)
    await cache.use(fileOf(digit), release, NOW - hours * HOURS)
  }
  return { cache, left: async () => (await readdir(directory)).filter((name) => name.endsWith('.zst')), directory }
}

test('PartCache removes the parts of a release that is gone, with all that belongs to them', async (t) => {
  const { cache, left, directory } = await cacheOf(t, [
    { digit: '1', release: OLD, hours: 5 },
    { digit: '2', release: NEW, hours: 5 },
    { digit: '3', hours: 5 },
  ])
  assert.deepEqual(await cache.collect(new Set([NEW]), 1e9, NOW), { files: 1, bytes: 1000 })
  assert.deepEqual(await left(), [fileOf('2'), fileOf('3')])
  assert.deepEqual(
    (await readdir(directory)).filter((name) => name.includes('1')),
    [],
  )
})

test('PartCache never removes what a machine may be fetching', async (t) => {
  const { cache, left } = await cacheOf(t, [{ digit: '1', release: NEW, hours: 0.5 }])
  assert.deepEqual(await cache.collect(new Set([NEW]), 0, NOW), { files: 0, bytes: 0 })
  assert.equal((await left()).length, 1)
})

test('PartCache keeps to its bound, and the parts used last', async (t) => {
  const { cache, left } = await cacheOf(t, [
    { digit: '1', release: NEW, hours: 5 },
    { digit: '2', release: NEW, hours: 9 },
    { digit: '3', release: NEW, hours: 2 },
  ])
  await cache.collect(new Set([NEW]), 2000, NOW)
  assert.deepEqual(await left(), [fileOf('1'), fileOf('3')])
})

test('PartCache has nothing to collect where there is no cache', async () => {
  assert.deepEqual(await new PartCache('/nonexistent').collect(new Set(), 0), { files: 0, bytes: 0 })
})
