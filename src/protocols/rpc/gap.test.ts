import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockPool } from './block-pool.ts'
import type { Gap } from './gap.ts'
import { XdrWriter } from './xdr-writer.ts'

const place = { fd: -1, offset: 0, isInMemory: () => false, read: () => 0 }
const dropped: number[] = []
const contentAt = (position: number, length: number): Omit<Gap, 'at'> => {
  return { place, position, length, seenAt: 0, done: () => void dropped.push(position) }
}
const placesOf = (gaps: readonly Gap[] = []) => gaps.map(({ at, position, length }) => [at, position, length])

test('leave() keeps padded room in the message, and says where it is', () => {
  const w = new XdrWriter(new BlockPool())
  w.u32(1).leave(contentAt(70, 5))
  assert.equal(w.u32(2).length, 16)
  const chunk = w.takeAll()
  assert.deepEqual(placesOf(chunk?.gaps), [[4, 70, 5]])
  assert.equal(chunk?.bytes.toString('hex', 9), '00000000000002')
  w.u32(3)
  assert.deepEqual(w.takeAll()?.gaps, [])
})

test('leave() keeps its place when the message moves to a larger block, or those before it are taken', () => {
  const w = new XdrWriter(new BlockPool())
  w.u32(1).leave(contentAt(1, 8))
  w.begin()
  w.u32(2).leave(contentAt(2, 8))
  assert.deepEqual(placesOf(w.takeFinished()?.gaps), [[4, 1, 8]])
  w.reserve(100_000)
  assert.deepEqual(placesOf(w.takeAll()?.gaps), [[4, 2, 8]])
})

test('truncate() lets go of content that is not sent', () => {
  const w = new XdrWriter(new BlockPool())
  w.u32(1).leave(contentAt(1, 8))
  const length = w.length
  w.u32(2).leave(contentAt(2, 8))
  w.truncate(length)
  assert.deepEqual(dropped, [2])
  assert.deepEqual(placesOf(w.takeAll()?.gaps), [[4, 1, 8]])
})

test('copyFrom() refuses to copy content that was not read', () => {
  const w = new XdrWriter(new BlockPool())
  w.u32(1).leave(contentAt(1, 8))
  assert.throws(() => w.copyFrom(0), /Cannot copy what was not read/)
  assert.equal(w.u32(7).copyFrom(12).readUInt32BE(), 7)
})
