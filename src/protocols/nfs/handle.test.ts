import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../wire/hex.ts'
import { XdrWriter } from '../rpc/xdr-writer.ts'
import { decodeHandle, encodeHandle } from './handle.ts'

const KEY = hex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf')
const HANDLE = hex(
  '00000001' + // layout
    '0000000200000003' + // node 2^33 + 3
    'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', // key of the export
)

test('encodeHandle() writes layout, node and key', () => {
  const w = new XdrWriter()
  encodeHandle(w, KEY, 2 ** 33 + 3)
  assert.equal(toHex(w.takeAll()?.bytes ?? hex('')), `0000001c${toHex(HANDLE)}`)
})

test('decodeHandle() gives node and key', () => {
  assert.deepEqual(decodeHandle(Buffer.from(HANDLE)), { node: 2 ** 33 + 3, key: Buffer.from(KEY).toString('latin1') })
})

test('decodeHandle() does not know handles of another length or layout', () => {
  for (let length = 0; length < HANDLE.byteLength; length += 1) {
    assert.equal(decodeHandle(Buffer.from(HANDLE.subarray(0, length))), undefined)
  }
  assert.equal(decodeHandle(Buffer.concat([HANDLE, Buffer.alloc(4)])), undefined)
  const other = Buffer.from(HANDLE)
  other[3] = 2
  assert.equal(decodeHandle(other), undefined)
})
