import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ratioOf, summarize } from './statistics.ts'

test('summarize() takes the middle one of an odd number, in whatever order they come', () => {
  assert.deepEqual(summarize([30, 4, 100]), { median: 30, min: 4, max: 100 })
})

test('summarize() takes the mean of the two in the middle of an even number', () => {
  assert.deepEqual(summarize([1, 100, 3, 2]), { median: 2.5, min: 1, max: 100 })
})

test('summarize() takes a single measurement as it is', () => {
  assert.deepEqual(summarize([7]), { median: 7, min: 7, max: 7 })
})

test('summarize() sorts numbers as numbers and leaves its input alone', () => {
  const values = [10, 9, 100]
  assert.equal(summarize(values).median, 10)
  assert.deepEqual(values, [10, 9, 100])
})

test('summarize() refuses to sum up nothing', () => {
  assert.throws(() => summarize([]), /want at least one/)
})

test('ratioOf() gives none of nothing', () => {
  assert.equal(ratioOf(1, 4), 0.25)
  assert.equal(ratioOf(1, 0), undefined)
})
