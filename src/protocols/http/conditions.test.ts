import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isContradicted, isSameAsBefore, isUnchanged } from './conditions.ts'

const modified = new Date('2026-11-21T10:00:00.700Z')
const at = 'Sat, 21 Nov 2026 10:00:00 GMT'
const before = 'Sat, 21 Nov 2026 09:59:59 GMT'
const file = { tag: 'abc', modified }

test('isUnchanged() compares tags weakly, one or a list', () => {
  for (const header of ['"abc"', 'W/"abc"', '"x", "abc"', '*']) {
    assert.equal(isUnchanged({ 'if-none-match': header }, file), true, header)
  }
  for (const header of ['"abd"', 'abc', '', '"ABC"']) {
    assert.equal(isUnchanged({ 'if-none-match': header }, file), false, header)
  }
})

test('isUnchanged() looks at the date only where no tag was named', () => {
  assert.equal(isUnchanged({ 'if-modified-since': at }, file), true)
  assert.equal(isUnchanged({ 'if-modified-since': before }, file), false)
  assert.equal(isUnchanged({ 'if-modified-since': 'yesterday' }, file), false)
  assert.equal(isUnchanged({ 'if-modified-since': at, 'if-none-match': '"x"' }, file), false)
  assert.equal(isUnchanged({}, file), false)
})

test('isSameAsBefore() wants the very tag or the very date', () => {
  assert.equal(isSameAsBefore({}, file), true)
  assert.equal(isSameAsBefore({ 'if-range': '"abc"' }, file), true)
  assert.equal(isSameAsBefore({ 'if-range': '"abd"' }, file), false)
  assert.equal(isSameAsBefore({ 'if-range': 'W/"abc"' }, file), false)
  assert.equal(isSameAsBefore({ 'if-range': at }, file), true)
  assert.equal(isSameAsBefore({ 'if-range': before }, file), false)
  assert.equal(isSameAsBefore({ 'if-range': '"abc"' }, {}), false)
})

test('isContradicted() is true where the client wants another state: If-Match, If-Unmodified-Since', () => {
  const now = { tag: 'a', modified: new Date('2026-01-01T00:00:00.500Z') }
  const contradicted = (headers: Record<string, string>): boolean => isContradicted(headers, now)
  assert.deepEqual(
    ['"a"', '"b", "a"', '*'].map((tags) => contradicted({ 'if-match': tags })),
    [false, false, false],
  )
  assert.deepEqual(
    ['"b"', 'W/"a"', 'nonsense'].map((tags) => contradicted({ 'if-match': tags })),
    [true, true, true],
  )
  assert.equal(contradicted({ 'if-unmodified-since': 'Thu, 01 Jan 2026 00:00:00 GMT' }), false)
  assert.equal(contradicted({ 'if-unmodified-since': 'Wed, 31 Dec 2025 00:00:00 GMT' }), true)
  assert.equal(isContradicted({ 'if-match': '"a"' }, {}), true)
})
