import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { hex, toHex } from '../../wire/hex.ts'
import { BlockPool } from './block-pool.ts'
import { XdrReader } from './xdr-reader.ts'
import { XdrWriter } from './xdr-writer.ts'

const ITEMS = hex(
  '0000002a' + // unsigned int 42
    '0000000200000001' + // unsigned hyper 2^33 + 1
    '00000001' + // bool true
    '00000005' + // string<> of 5 bytes
    '68656c6c6f 000000' + // "hello", padded to 8
    'c0ffee00' + // opaque[3], padded
    '00000002' + // opaque<> of 2 bytes
    'beef 0000', // padded
)

function writeItems(w: XdrWriter): XdrWriter {
  w.u32(42)
    .u64(2 ** 33 + 1)
    .bool(true)
    .string('hello')
  return w.fixed(hex('c0ffee')).opaque(hex('beef'))
}

function readItems(r: XdrReader): unknown[] {
  const numbers = [r.u32('number'), r.u64('hyper'), r.bool('flag')]
  return [...numbers, r.string(5, 'text'), toHex(r.fixed(3, 'three')), toHex(r.opaque(2, 'two'))]
}

const taken = (w: XdrWriter): Buffer => w.takeAll()?.bytes ?? Buffer.alloc(0)

test('XdrWriter writes the items of RFC 4506', () => {
  assert.equal(toHex(taken(writeItems(new XdrWriter()))), toHex(ITEMS))
})

test('XdrReader reads the items of RFC 4506', () => {
  const r = new XdrReader('items', ITEMS)
  assert.deepEqual(readItems(r), [42, 2 ** 33 + 1, true, 'hello', 'c0ffee', 'beef'])
  assert.equal(r.remaining, 0)
})

test('XdrReader refuses a message cut at any byte', () => {
  for (let length = 0; length < ITEMS.byteLength; length += 1) {
    assert.throws(() => readItems(new XdrReader('items', ITEMS.subarray(0, length))), { name: 'WireError' })
  }
})

test('XdrReader says which item is longer than allowed', () => {
  const r = new XdrReader('NFS call', hex('00000041'))
  assert.throws(() => r.opaque(64, 'file handle'), {
    message: 'Cannot read NFS call at byte 4: file handle has 65 bytes, want at most 64',
  })
  assert.throws(() => new XdrReader('x', hex('00000002')).bool('flag'), /flag is 2, want 0 or 1/)
})

test('XdrReader gives back what XdrWriter wrote', () => {
  const values = fc.array(
    fc.oneof(
      fc.nat(0xffff_ffff),
      fc.uint8Array({ maxLength: 40 }),
      fc.maxSafeNat().map((hyper) => ({ hyper })),
    ),
  )
  fc.assert(
    fc.property(values, (items) => {
      const w = new XdrWriter(new BlockPool())
      w.begin()
      for (const item of items) {
        if (typeof item === 'number') w.u32(item)
        else if (item instanceof Uint8Array) w.opaque(item)
        else w.u64(item.hyper)
      }
      const r = new XdrReader('items', taken(w))
      for (const item of items) {
        if (typeof item === 'number') assert.equal(r.u32('n'), item)
        else if (item instanceof Uint8Array) assert.deepEqual(Uint8Array.from(r.opaque(40, 'o')), item)
        else assert.equal(r.u64('h'), item.hyper)
      }
      assert.equal(r.remaining, 0)
    }),
    { seed: 4506, numRuns: 200 },
  )
})

test('XdrWriter keeps offsets of the present message when it moves to a larger block', () => {
  const w = new XdrWriter(new BlockPool())
  w.string('before')
  w.begin()
  w.u32(0)
  w.reserve(100_000).fill(7)
  w.patchU32(0, 0xabcd)
  assert.equal(w.length, 100_004)
  const bytes = taken(w)
  assert.equal(bytes.readUInt32BE(12), 0xabcd)
  assert.equal(bytes.subarray(4, 10).toString(), 'before')
  assert.deepEqual([bytes[16], bytes.at(-1), bytes.byteLength], [7, 7, 100_016])
})

test('shorten() keeps the first bytes of a reserved room and pads them with zeros', () => {
  const w = new XdrWriter()
  w.u32(1)
  w.reserve(16).fill(0xff)
  w.shorten(4, 5)
  assert.equal(toHex(taken(w)), '00000001ffffffffff000000')
})

test('takeFinished() leaves the present message to the writer', () => {
  const pool = new BlockPool()
  const w = new XdrWriter(pool)
  w.u32(1)
  w.begin()
  w.u32(2)
  const finished = w.takeFinished()
  assert.equal(toHex(finished?.bytes ?? hex('')), '00000001')
  w.u32(3).patchU32(0, 4)
  const rest = w.takeAll()
  assert.equal(toHex(rest?.bytes ?? hex('')), '0000000400000003')
  assert.equal(rest?.block.holders, 2)
})

test('BlockPool gives a block again when its last holder has released it, and keeps no more than it may', () => {
  const pool = new BlockPool(64 * 1024)
  const [first, second] = [pool.take(10), pool.take(10)]
  first.holders += 1
  pool.release(first)
  assert.notEqual(pool.take(10), first)
  pool.release(first)
  pool.release(second) // beyond what it keeps
  assert.equal(pool.take(10), first)
  assert.notEqual(pool.take(10), second)
  assert.equal(pool.take(3_000_000).bytes.byteLength, 3_000_000)
})

test('XdrWriter.takeCopy() gives bytes of their own, and the block back', () => {
  const pool = new BlockPool()
  const w = new XdrWriter(pool)
  assert.deepEqual(w.u32(7).takeCopy(), Buffer.from([0, 0, 0, 7]))
  const again = w.u32(8).takeCopy()
  assert.deepEqual([...again], [0, 0, 0, 8])
  assert.equal(w.takeCopy().byteLength, 0)
  const block = pool.take(4)
  assert.deepEqual([...block.bytes.subarray(0, 4)], [0, 0, 0, 8], 'the block that was written')
  assert.notEqual(again.buffer, block.bytes.buffer)
})
