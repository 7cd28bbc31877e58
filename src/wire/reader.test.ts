import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from './error.ts'
import { hex } from './hex.ts'
import { ByteReader } from './reader.ts'
import { ByteWriter } from './writer.ts'

const MESSAGE = hex(
  '07' + /* u8 */ '0102' + /* u16 */ 'ffffffff' + /* u32 */ '0000000100000000' + /* u64 */ '686900',
) /* "hi" */

test('ByteReader reads each field in network order', () => {
  const reader = new ByteReader(MESSAGE, 'sample')
  assert.equal(reader.u8('kind'), 7)
  assert.equal(reader.u16('length'), 0x0102)
  assert.equal(reader.u32('mask'), 0xffffffff)
  assert.equal(reader.u64('size'), 2n ** 32n)
  assert.equal(reader.cstring('name'), 'hi')
  reader.end()
})

test('ByteReader names field, offset and what is missing when a message is cut at any byte', () => {
  for (let length = 0; length < MESSAGE.byteLength; length += 1) {
    const reader = new ByteReader(MESSAGE.subarray(0, length), 'sample')
    const readAll = () => [reader.u8('a'), reader.u16('b'), reader.u32('c'), reader.u64('d'), reader.cstring('e')]
    assert.throws(
      readAll,
      (error) => error instanceof WireError && /^Cannot read sample at byte \d+: /.test(error.message),
    )
  }
})

test('ByteReader reads a view that does not begin at its buffer', () => {
  const inner = new Uint8Array(new ArrayBuffer(8), 3, 2)
  inner.set([1, 2])
  assert.equal(new ByteReader(inner, 'view').u16('value'), 0x0102)
})

test('expectU16() says what was found and what was wanted', () => {
  const reader = new ByteReader(hex('0005'), 'TFTP RRQ')
  assert.throws(() => reader.expectU16(1, 'opcode'), { message: 'Cannot read TFTP RRQ at byte 0: opcode is 5, want 1' })
})

test('end() refuses bytes behind the end', () => {
  assert.throws(() => new ByteReader(hex('00'), 'x').end(), /1 bytes follow the end, want none/)
})

test('ByteWriter writes what ByteReader reads, however small it begins', () => {
  const writer = new ByteWriter(1)
    .u8(7)
    .u16(0x0102)
    .u32(0xffffffff)
    .u64(2n ** 32n)
    .cstring('hi')
  assert.deepEqual(writer.finish(), MESSAGE)
})

test('patchU32() fills in a length that was not known before', () => {
  const writer = new ByteWriter().u32(0).zeros(3)
  writer.patchU32(0, writer.length)
  assert.deepEqual(writer.finish(), hex('00000007000000'))
})
