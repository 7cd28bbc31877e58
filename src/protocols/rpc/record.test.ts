import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hex, toHex } from '../../wire/hex.ts'
import { RecordAssembler } from './record.ts'

const STREAM = hex(
  '00000002 6865' + // fragment of 2 bytes, more follow: "he"
    '00000000' + // fragment of none
    '80000003 6c6c6f' + // last fragment of 3 bytes: "llo"
    '80000001 21', // a record of one fragment: "!"
)

function recordsOf(chunks: readonly Uint8Array[], maxBytes = 100): string[] {
  const assembler = new RecordAssembler(maxBytes)
  const records: string[] = []
  for (const chunk of chunks) {
    assembler.push(Buffer.from(chunk))
    for (let record = assembler.next(); record !== undefined; record = assembler.next()) records.push(String(record))
  }
  return records
}

test('RecordAssembler joins fragments', () => {
  assert.deepEqual(recordsOf([STREAM]), ['hello', '!'])
})

test('RecordAssembler does not care how the stream is cut', () => {
  for (let cut = 0; cut <= STREAM.byteLength; cut += 1) {
    assert.deepEqual(recordsOf([STREAM.subarray(0, cut), STREAM.subarray(cut)]), ['hello', '!'])
  }
  const singly = Array.from(STREAM, (byte) => Uint8Array.of(byte))
  assert.deepEqual(recordsOf(singly), ['hello', '!'])
})

test('RecordAssembler gives back any records in any fragments', () => {
  const fragments = fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 5 }))
  fc.assert(
    fc.property(fragments, fc.integer({ min: 1, max: 50 }), (records, chunkBytes) => {
      const stream = Buffer.concat(records.flatMap((parts) => parts.flatMap(fragment)))
      const count = Math.ceil(stream.byteLength / chunkBytes)
      const chunks = Array.from({ length: count }, (_, at) => stream.subarray(at * chunkBytes, (at + 1) * chunkBytes))
      assert.deepEqual(
        recordsOf(chunks),
        records.map((parts) => String(Buffer.concat(parts))),
      )
    }),
    { seed: 5531, numRuns: 300 },
  )
})

function fragment(part: Uint8Array, at: number, all: readonly Uint8Array[]): Uint8Array[] {
  const mark = Buffer.alloc(4)
  mark.writeUInt32BE((at === all.length - 1 ? 0x8000_0000 : 0) + part.byteLength)
  return [mark, part]
}

test('RecordAssembler refuses a record longer than allowed, before it has come', () => {
  const tooLong = 'Cannot read RPC record at byte 0: it has 101 bytes or more, want at most 100'
  assert.throws(() => recordsOf([hex('80000065')]), { name: 'WireError', message: tooLong })
})

test('RecordAssembler counts all fragments of a record', () => {
  const sixty = `0000003c${'00'.repeat(60)}`
  assert.throws(() => recordsOf([hex(sixty + sixty)]), /it has 120 bytes or more, want at most 100/)
})

test('RecordAssembler leaves records that are not asked for where they are', () => {
  const assembler = new RecordAssembler(100)
  assembler.push(Buffer.from(STREAM))
  assert.equal(String(assembler.next()), 'hello')
  assert.equal(assembler.partial, true)
  assembler.push(Buffer.from(hex('80000001 3f')))
  assert.equal(String(assembler.next()), '!')
  assert.equal(String(assembler.next()), '?')
  assert.equal(assembler.next(), undefined)
  assert.equal(assembler.partial, false)
})

test('RecordAssembler gives a view of the chunk for a record that came whole', () => {
  const assembler = new RecordAssembler(100)
  const chunk = Buffer.from(hex('80000004 01020304'))
  assembler.push(chunk)
  const record = assembler.next()
  assert.equal(record?.buffer, chunk.buffer)
  assert.equal(toHex(record ?? hex('')), '01020304')
})
