import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { byteStringFrom, byteStringOf, bytesOf, textOf } from './bytestring.ts'

test('byteStringFrom() keeps every byte', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(new Uint8Array(bytesOf(byteStringFrom(bytes))), bytes)),
  )
})

test('byteStringOf() and textOf() are inverse for any text', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => assert.equal(textOf(byteStringOf(text)), text)))
})
