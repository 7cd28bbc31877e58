import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keysFor } from './keys.ts'

test('keysFor() names the keys of letters, digits and signs', () => {
  assert.deepEqual(keysFor('a'), ['a'])
  assert.deepEqual(keysFor('A'), ['shift', 'a'])
  assert.deepEqual(keysFor('7'), ['7'])
  assert.deepEqual(keysFor('&'), ['shift', '7'])
  assert.deepEqual(keysFor('\n'), ['ret'])
})

test('keysFor() knows every printable ASCII character, and no two alike', () => {
  const all = Array.from({ length: 95 }, (_, index) => keysFor(String.fromCharCode(32 + index)).join('+'))
  assert.equal(new Set(all).size, 95)
})

test('keysFor() says which character cannot be typed', () => {
  assert.throws(() => keysFor('ü'), { name: 'RangeError', message: /Cannot type "ü"/ })
})
