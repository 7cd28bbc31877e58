import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { hex } from '../wire/hex.ts'
import { gzipMember } from './gzip.ts'

/** "hi", with a file name as gzip writes it: RFC 1952. */
const NAMED = hex(
  '1f8b08' +
    /* magic, deflate */ '08' +
    /* there is a name */ '00000000' +
    /* time */ '0003' /* Unix */ +
    '6100' +
    /* "a" */ 'cbc80400' +
    /* "hi" */ 'ac2a93d8' +
    /* CRC32 */ '02000000' /* bytes */,
)

test('gzipMember() reads a member with a name, and says where it ends whatever follows', () => {
  for (const next of ['', '070701', '\0\0', '\x1f\x8b']) {
    const { content, length } = gzipMember(Buffer.concat([NAMED, Buffer.from(next, 'latin1')]))
    assert.deepEqual([content.toString(), length], ['hi', NAMED.byteLength])
  }
  const packed = gzipSync('hello '.repeat(10_000))
  assert.equal(gzipMember(Buffer.concat([packed, packed])).length, packed.byteLength)
})

test('gzipMember() refuses what is cut at any byte, or damaged', () => {
  for (let cut = 0; cut < NAMED.byteLength; cut++)
    assert.throws(() => gzipMember(NAMED.subarray(0, cut)), /Cannot read gzip member/, `${cut} bytes`)
  const damaged = Buffer.from(NAMED)
  damaged[16] = 0
  assert.throws(() => gzipMember(damaged), /its checksum is wrong/)
})
