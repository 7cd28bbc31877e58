import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../wire/hex.ts'
import { lz4LegacyFrame } from './lz4.ts'

/** "abcabcabcabc" and "!": three literals, nine bytes copied from three before, one literal. */
const BLOCK = hex('35616263' + /* 3 literals, 5 + 4 copied */ '0300' + /* from 3 before */ '1021') /* 1 literal */
const FRAME = Buffer.concat([hex('02214c18' + /* magic */ '08000000') /* 8 bytes follow */, BLOCK])

test('lz4LegacyFrame() decompresses a frame and says where it ends', () => {
  const followed = Buffer.concat([FRAME, Buffer.from('070701')])
  for (const bytes of [FRAME, followed]) {
    const { content, length } = lz4LegacyFrame(bytes)
    assert.equal(content.toString(), 'abcabcabcabc!')
    assert.equal(length, FRAME.byteLength)
  }
})

test('lz4LegacyFrame() refuses what is no frame, cut, or copies from before the beginning', () => {
  assert.throws(() => lz4LegacyFrame(hex('04224d18')), /does not begin with 02 21 4c 18/)
  for (let cut = 9; cut < FRAME.byteLength; cut++)
    assert.throws(() => lz4LegacyFrame(FRAME.subarray(0, cut)), /its block of 8 bytes is cut/)
  const wild = Buffer.from(FRAME)
  wild[12] = 4
  assert.throws(() => lz4LegacyFrame(wild), /copies 9 bytes from 4 bytes before byte 3/)
})
