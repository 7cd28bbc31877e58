import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader } from '../../wire/reader.ts'
import { decodeUuid } from './uuid.ts'

test('decodeUuid() leaves the packet as it came: option 97 is echoed from it', () => {
  const packet = Buffer.from('00426e3c8a010000408000000052540012', 'hex')
  const before = Buffer.from(packet)
  assert.equal(decodeUuid(new ByteReader(packet, 'option 97')), '8a3c6e42-0001-4000-8000-000052540012')
  assert.deepEqual(packet, before)
})
