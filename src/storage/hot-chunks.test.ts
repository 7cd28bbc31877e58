import assert from 'node:assert/strict'
import { test } from 'node:test'
import { memorySource } from './byte-source.ts'
import { CHUNK_BYTES, HotChunks, type IdentifiedSource, identify, readChunk } from './hot-chunks.ts'

const BYTES = Uint8Array.from({ length: 3 * CHUNK_BYTES + 5 }, (_, index) => (index * 7 + (index >> 9)) % 251)

/** A source that counts how often it is read; it answers at once, or later. */
function counted(identity: string, later = false): { source: IdentifiedSource; reads: () => number } {
  const memory = memorySource(BYTES)
  let reads = 0
  const read = (target: Uint8Array, position: number): number | Promise<number> => {
    reads += 1
    const length = memory.read(target, position)
    return later ? new Promise((resolve) => setImmediate(() => resolve(length))) : length
  }
  return { source: identify({ ...memory, read }, identity), reads: () => reads }
}

test('HotChunks reads a chunk once, whoever asks and however often', async () => {
  const chunks = new HotChunks()
  const { source, reads } = counted('a')
  const same = counted('a')
  assert.deepEqual(chunks.get(source, 3), Buffer.from(BYTES.subarray(3 * CHUNK_BYTES)))
  assert.equal(chunks.get(same.source, 3), chunks.get(source, 3))
  assert.deepEqual([reads(), same.reads()], [1, 0])
})

test('HotChunks reads a chunk once for all who wait for it', async () => {
  const chunks = new HotChunks()
  const { source, reads } = counted('a', true)
  const [one, two] = await Promise.all([chunks.get(source, 1), chunks.get(source, 1)])
  assert.equal(one, two)
  assert.equal(reads(), 1)
  assert.equal(chunks.get(source, 1), one) // at once now
})

test('HotChunks holds no more than it may, and drops what was asked for the longest ago', async () => {
  const chunks = new HotChunks(4 * CHUNK_BYTES)
  const { source, reads } = counted('a')
  const other = counted('b')
  for (const index of [0, 1, 2, 0]) await chunks.get(source, index)
  for (const index of [0, 1]) await chunks.get(other.source, index)
  assert.equal(chunks.bytes, 4 * CHUNK_BYTES)
  await chunks.get(source, 0)
  assert.equal(reads(), 3, 'the one that was used again is still there')
  await chunks.get(source, 1)
  assert.equal(reads(), 4, 'the oldest is gone')
})

test('HotChunks keeps nothing of what cannot be told apart, nor of what is too large', () => {
  const chunks = new HotChunks()
  assert.equal(chunks.keeps(memorySource(BYTES)), false)
  assert.equal(chunks.keeps(identify(memorySource(BYTES), 'a')), true)
  assert.equal(chunks.keeps(identify({ ...memorySource(BYTES), size: 2 ** 30 }, 'a')), false)
})

test('HotChunks tries again after a read that failed', async () => {
  const chunks = new HotChunks()
  const { source } = counted('a')
  let failures = 1
  const flaky = { ...source, read: async () => (failures-- > 0 ? Promise.reject(new Error('EIO')) : CHUNK_BYTES) }
  await assert.rejects(async () => chunks.get(flaky, 0), /EIO/)
  assert.equal((await chunks.get(flaky, 0)).byteLength, CHUNK_BYTES)
})

test('readChunk() says so when a source is shorter than it was', () => {
  assert.throws(() => readChunk({ ...memorySource(BYTES), size: BYTES.length + 9 }, 3), /ends at byte 393221 of 393230/)
})
