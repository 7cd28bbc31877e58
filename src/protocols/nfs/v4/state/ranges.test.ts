import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { END_OF_FILE, type RangeLock, RangeLocks } from './ranges.ts'

const lock = (owner: string, start: number, end: number, exclusive = true): RangeLock<string> => ({
  owner,
  exclusive,
  start: BigInt(start),
  end: BigInt(end),
})

test('RangeLocks joins what touches and splits what is cut out of the middle', () => {
  const locks = new RangeLocks<string>()
  locks.lock(lock('a', 0, 10))
  locks.lock(lock('a', 10, 20))
  assert.equal(locks.size, 1)
  locks.unlock(lock('a', 5, 15))
  assert.equal(locks.size, 2)
  assert.equal(locks.conflict(lock('b', 5, 15)), undefined)
  assert.deepEqual(locks.conflict(lock('b', 14, 16)), lock('a', 15, 20))
  locks.lock(lock('a', 0, 20, false)) // a downgrade replaces both
  assert.equal(locks.size, 1)
  assert.equal(locks.conflict(lock('b', 0, 20, false)), undefined)
})

test('RangeLocks locks up to the last byte there can be, and holds no more than its limit', () => {
  const locks = new RangeLocks<string>(2)
  assert.ok(locks.lock({ owner: 'a', exclusive: true, start: END_OF_FILE - 1n, end: END_OF_FILE }))
  assert.ok(locks.lock(lock('a', 0, 10)))
  assert.equal(locks.lock(lock('a', 20, 30)), false)
  assert.equal(locks.unlock(lock('a', 3, 4)), false)
  assert.ok(locks.holds('a'))
  locks.release('a')
  assert.equal(locks.size, 0)
})

test('RangeLocks does what a table of single bytes does', () => {
  const step = fc.record({
    owner: fc.constantFrom('a', 'b', 'c'),
    kind: fc.constantFrom('read', 'write', 'unlock'),
    start: fc.nat(24),
    length: fc.integer({ min: 1, max: 8 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const locks = new RangeLocks<string>()
      const bytes = Array.from({ length: 40 }, () => new Map<string, boolean>())
      for (const { owner, kind, start, length } of steps) {
        const range = lock(owner, start, start + length, kind === 'write')
        const touched = bytes.slice(start, start + length)
        if (kind === 'unlock') {
          locks.unlock(range)
          for (const byte of touched) byte.delete(owner)
          continue
        }
        const blocked = touched.some((byte) =>
          [...byte].some(([other, exclusive]) => other !== owner && (exclusive || kind === 'write')),
        )
        assert.equal(locks.conflict(range) !== undefined, blocked)
        if (blocked) continue
        locks.lock(range)
        for (const byte of touched) byte.set(owner, kind === 'write')
      }
    }),
  )
})
