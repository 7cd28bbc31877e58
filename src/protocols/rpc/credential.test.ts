import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import { CredentialReader, decodeAuthSys, encodeCredential } from './credential.ts'
import { XdrReader } from './xdr-reader.ts'
import { XdrWriter } from './xdr-writer.ts'

const BODY = hex(
  '00000001' + // stamp
    '00000003 70633100' + // machine name "pc1"
    '000003e8 00000064' + // uid 1000, gid 100
    '00000002 0000001b 0000002c', // 2 gids: 27, 44
)
const CREDENTIAL = { flavor: 'sys', machineName: 'pc1', uid: 1000, gid: 100, gids: [27, 44] } as const

function encoded(credential: Parameters<typeof encodeCredential>[1]): Buffer {
  const w = new XdrWriter()
  encodeCredential(w, credential)
  return w.takeAll()?.bytes ?? Buffer.alloc(0)
}

test('decodeAuthSys() reads name, ids and groups', () => {
  assert.deepEqual(decodeAuthSys(BODY), CREDENTIAL)
})

test('decodeAuthSys() refuses a body cut at any byte', () => {
  for (let length = 0; length < BODY.byteLength; length += 1) {
    assert.throws(() => decodeAuthSys(BODY.subarray(0, length)), { name: 'WireError' })
  }
})

test('CredentialReader gives the same value for the same bytes, and notices others', () => {
  const reader = new CredentialReader()
  const read = (bytes: Buffer): unknown => reader.read(new XdrReader('call', bytes))
  const first = read(encoded(CREDENTIAL))
  assert.deepEqual(first, CREDENTIAL)
  assert.equal(read(encoded(CREDENTIAL)), first)
  assert.deepEqual(read(encoded({ ...CREDENTIAL, uid: 0 })), { ...CREDENTIAL, uid: 0 })
  assert.equal(reader.read(new XdrReader('call', hex('00000000 00000000')))?.uid, 65_534)
})
