import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WireError } from '../../wire/error.ts'
import { hex } from '../../wire/hex.ts'
import { describeClient6 } from './client.ts'
import { decodeDuid, encodeDuid } from './duid.ts'
import { decodeIaNa, OPTION, valueOf } from './options.ts'
import { type Dhcp6Datagram, decodeDatagram, encodeDatagram, MESSAGE } from './packet.ts'
import { messageOf, relayOf } from './testing.ts'

const SOLICIT = hex(
  '01' +
    /* SOLICIT */ 'abcdef' /* transaction */ +
    '0001 0012 0004 00112233445566778899aabbccddeeff' /* client id: DUID-UUID */ +
    '0003 0028 00000007 00000e10 00001518' /* IA_NA 7, T1 3600, T2 5400 */ +
    '0005 0018 fd770000000000000000000000000100 00001c20 00001d4c' /* its address, 7200 s, 7500 s */ +
    '0006 0004 003b 003c' /* wants 59 and 60 */ +
    '0008 0002 0064' /* 1 s passed */ +
    '0010 000f 00000157 0009 505845436c69656e74' /* vendor class of 343: PXEClient */ +
    '000f 0006 0004 69505845' /* user class iPXE */ +
    '003d 0002 0007' /* architecture */ +
    '003e 0003 01 03 10' /* UNDI 3.16 */,
)

test('decodeDatagram() reads a SOLICIT of firmware option by option', () => {
  const { message, relays } = decodeDatagram(SOLICIT)
  assert.deepEqual([message.type, message.transactionId, relays.length], [MESSAGE.solicit, 0xabcdef, 0])
  assert.deepEqual(decodeIaNa(valueOf(message.options, OPTION.iaNa) ?? hex('')), {
    iaid: 7,
    renewSeconds: 3600,
    rebindSeconds: 5400,
    addresses: [{ address: 'fd77::100', preferredSeconds: 7200, validSeconds: 7500 }],
  })
  assert.deepEqual(describeClient6({ message, relays }, 'fe80::5054:ff:fe77:7'), {
    duid: '000400112233445566778899aabbccddeeff',
    cardMac: '52:54:00:77:00:07',
    uuid: '33221100-5544-7766-8899-aabbccddeeff',
    architecture: 7,
    vendorClass: { enterprise: 343, text: 'PXEClient' },
    userClasses: ['iPXE'],
    firmware: 'pxe',
    isIpxe: true,
    requestedOptions: [59, 60],
  })
})

test('encodeDatagram() writes what decodeDatagram() read, relays and all', () => {
  assert.deepEqual(encodeDatagram(decodeDatagram(SOLICIT)), SOLICIT)
  const received = Buffer.from(SOLICIT) // as it comes from a socket
  describeClient6(decodeDatagram(received), 'fe80::1')
  assert.deepEqual(Uint8Array.from(received), SOLICIT, 'reading changes nothing')
  const relays = [relayOf('::', 'fd78::2'), relayOf('fd79::1', 'fe80::1', hex('525400770007'))]
  const relayed: Dhcp6Datagram = { message: messageOf(MESSAGE.solicit).message, relays }
  const bytes = encodeDatagram(relayed, MESSAGE.relayForward)
  assert.deepEqual(encodeDatagram(decodeDatagram(bytes), MESSAGE.relayForward), bytes)
  assert.equal(describeClient6(decodeDatagram(bytes), 'fd78::2').cardMac, '52:54:00:77:00:07')
})

test('decodeDatagram() refuses a SOLICIT that is cut at any byte inside an option, in words', () => {
  for (let length = 0; length < SOLICIT.byteLength; length += 1) {
    try {
      assert.ok(decodeDatagram(SOLICIT.subarray(0, length)).message.options.length < 9)
    } catch (error) {
      assert.ok(error instanceof WireError && /^Cannot read DHCPv6 message at byte \d+: /.test(error.message))
    }
  }
})

test('decodeDatagram() takes eight relays, and not nine', () => {
  const nested = (count: number) => {
    const relays = Array.from({ length: count }, () => relayOf('fd79::1', 'fe80::1'))
    return encodeDatagram({ ...messageOf(MESSAGE.solicit), relays }, MESSAGE.relayForward)
  }
  assert.equal(decodeDatagram(nested(8)).relays.length, 8)
  assert.throws(() => decodeDatagram(nested(9)), /it came through more than 8 relays/)
})

test('decodeDatagram() refuses more options than can be meant', () => {
  const options = Array.from({ length: 257 }, () => ({ code: 14, value: new Uint8Array() }))
  const bytes = encodeDatagram({ message: { type: 1, transactionId: 1, options }, relays: [] })
  assert.throws(() => decodeDatagram(bytes), /more than 256 options/)
})

test('decodeDuid() reads each kind, and encodeDuid() writes it again', () => {
  const rows = [
    ['0001 0001 2a3b4c5d 525400770007', 'link-layer-time'],
    ['0002 0000ab11 0102030405060708', 'enterprise'],
    ['0003 0001 525400770007', 'link-layer'],
    ['0004 00112233445566778899aabbccddeeff', 'uuid'],
    ['00ff 01', 'other'],
  ]
  for (const [text = '', kind] of rows) {
    const duid = decodeDuid(hex(text))
    assert.equal(duid.kind, kind)
    assert.deepEqual(encodeDuid(duid), hex(text))
  }
  assert.throws(() => decodeDuid(hex('0004 0011')), WireError)
  assert.throws(() => decodeDuid(new Uint8Array(131)), /131 bytes, want at most 130/)
})
