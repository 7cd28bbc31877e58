import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../wire/hex.ts'
import { decodeArpSender, encodeArpProbe } from './arp.ts'

/** From a capture of arping(8) on a veth pair. */
const REPLY = hex(
  '0001 0800 06 04 0002' + // Ethernet, IPv4, reply
    '525400000007 0a000007' + // the sender
    '525400000001 00000000', // whom it answers
)

test('encodeArpProbe() asks for an address and claims none', () => {
  const probe = hex('0001 0800 06 04 0001 525400000001 00000000 000000000000 0a000007')
  assert.deepEqual(encodeArpProbe('52:54:00:00:00:01', '10.0.0.7'), probe)
})

test('decodeArpSender() says who has the address', () => {
  assert.deepEqual(decodeArpSender(REPLY), { mac: '52:54:00:00:00:07', address: '10.0.0.7' })
})

test('decodeArpSender() takes neither a probe nor a cut packet nor one of another network for a claim', () => {
  assert.equal(decodeArpSender(encodeArpProbe('52:54:00:00:00:01', '10.0.0.7')), undefined)
  for (let length = 0; length < REPLY.byteLength; length += 1) {
    assert.equal(decodeArpSender(REPLY.subarray(0, length)), undefined)
  }
  assert.equal(decodeArpSender(Uint8Array.from([0, 6, ...REPLY.subarray(2)])), undefined)
})
