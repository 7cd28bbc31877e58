import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../wire/error.ts'
import { hex, toHex } from '../../wire/hex.ts'
import { decodeMessage, type DhcpMessage, encodeMessage } from './packet.ts'

const zeros = (bytes: number): string => '00'.repeat(bytes)

/** A DISCOVER as iPXE sends it for an e1000 card. */
const DISCOVER = hex(
  [
    '01 01 06 00', // op request, htype Ethernet, hlen 6, hops 0
    '1d3e5f7a', // xid
    '0004 8000', // secs 4, flags broadcast
    zeros(16), // ciaddr, yiaddr, siaddr, giaddr
    `525400123456${zeros(10)}`, // chaddr
    zeros(64), // sname
    zeros(128), // file
    '63825363', // magic cookie
    '35 01 01', // 53 message type: discover
    '39 02 05c0', // 57 maximum message size: 1472
    '5d 02 0000', // 93 architecture: BIOS
    '4d 04 69505845', // 77 user class: "iPXE", without the length of RFC 3004
    'af 0d b1 05 01 8086 100e 13 01 01 18 01 01', // 175: bus id of PCI 8086:100e, features 19 http and 24 bzImage
    'ff', // end
    '0000', // padding
  ].join(''),
)

const BASE: DhcpMessage = {
  operation: 'reply',
  hardwareType: 1,
  hardwareAddress: hex('525400123456'),
  hops: 0,
  transactionId: 0x1d3e5f7a,
  seconds: 0,
  broadcast: true,
  clientAddress: '0.0.0.0',
  yourAddress: '10.0.0.100',
  nextServer: '10.0.0.1',
  relayAddress: '10.0.9.1',
  serverName: '10.0.0.1',
  bootFile: 'undionly.kpxe',
  options: new Map([[53, hex('02')]]),
}

test('decodeMessage() reads the fields and options of a DISCOVER', () => {
  assert.deepEqual(decodeMessage(DISCOVER), {
    operation: 'request',
    hardwareType: 1,
    hardwareAddress: hex('525400123456'),
    hops: 0,
    transactionId: 0x1d3e5f7a,
    seconds: 4,
    broadcast: true,
    clientAddress: '0.0.0.0',
    yourAddress: '0.0.0.0',
    nextServer: '0.0.0.0',
    relayAddress: '0.0.0.0',
    serverName: '',
    bootFile: '',
    options: new Map([
      [53, hex('01')],
      [57, hex('05c0')],
      [93, hex('0000')],
      [77, hex('69505845')],
      [175, hex('b1050180861 00e 130101 180101')],
    ]),
  })
})

test('encodeMessage() writes every field at its place', () => {
  const expected = [
    '02 01 06 00 1d3e5f7a 0000 8000',
    '00000000 0a000064 0a000001 0a000901', // ciaddr, yiaddr, siaddr, giaddr
    `525400123456${zeros(10)}`,
    `31302e302e302e31${zeros(56)}`, // sname "10.0.0.1"
    `756e64696f6e6c792e6b707865${zeros(115)}`, // file "undionly.kpxe"
    '63825363 350102 ff',
    zeros(56), // padding to 300
  ]
  assert.equal(toHex(encodeMessage(BASE)), expected.join('').replaceAll(' ', ''))
})

test('encodeMessage() pads to the 300 bytes of BOOTP', () => {
  assert.equal(encodeMessage(BASE).byteLength, 300)
})

test('encodeMessage() splits an option of more than 255 bytes, decodeMessage() joins it (RFC 3396)', () => {
  const long = new Uint8Array(600).fill(7)
  const bytes = encodeMessage({ ...BASE, options: new Map([[121, long]]) })
  const lengths = [241, 241 + 257, 241 + 2 * 257].map((at) => bytes[at])
  assert.deepEqual(lengths, [255, 255, 90])
  assert.deepEqual(decodeMessage(bytes).options, new Map([[121, long]]))
})

test('decodeMessage() reads options out of file and sname where option 52 says so', () => {
  const bytes = encodeMessage({
    ...BASE,
    serverName: '',
    bootFile: '',
    options: new Map([
      [52, hex('03')],
      [12, hex('61')],
    ]),
  })
  bytes.set(hex('43 02 7879 0c 01 63 ff'), 44) // sname: 67 "xy", more of 12
  bytes.set(hex('0c 01 62 00 ff'), 108) // file: more of 12, which comes before sname
  const message = decodeMessage(bytes)
  assert.deepEqual(
    message.options,
    new Map([
      [12, hex('616263')],
      [67, hex('7879')],
    ]),
  )
  assert.deepEqual([message.serverName, message.bootFile], ['', ''])
})

test('decodeMessage() reads only the field that option 52 names', () => {
  const options = new Map([[52, hex('01')]]) // file alone
  const bytes = encodeMessage({ ...BASE, serverName: 'server', bootFile: '', options })
  bytes.set(hex('0c 01 62 ff'), 108)
  const message = decodeMessage(bytes)
  assert.deepEqual([message.serverName, message.bootFile], ['server', ''])
  assert.deepEqual(message.options, new Map([[12, hex('62')]]))
})

test('decodeMessage() takes a datagram without the magic cookie for plain BOOTP', () => {
  const bootp = DISCOVER.slice(0, 300)
  bootp.fill(0, 236)
  assert.equal(decodeMessage(bootp).options.size, 0)
})

const MALFORMED = [
  ['hlen 17', 2, '11', /hlen is 17, want at most 16/],
  ['op 3', 0, '03', /op is 3, want 1 or 2/],
  ['option 53 of 255 bytes', 241, 'ff', /option 53 wants 255 bytes, \d+ are left/],
  ['option 52 of value 4', 240, '340104', /option 52 is 4, want one byte, 1 to 3/],
] as const
for (const [what, at, bytes, message] of MALFORMED) {
  test(`decodeMessage() refuses ${what}`, () => {
    const datagram = DISCOVER.slice()
    datagram.set(hex(bytes), at)
    assert.throws(() => decodeMessage(datagram), { name: 'WireError', message })
  })
}

test('decodeMessage() cut at every byte is an error or has the whole options up to there, never a wrong one', () => {
  const whole = decodeMessage(DISCOVER).options
  for (let length = 0; length < DISCOVER.byteLength; length += 1) {
    try {
      const { options } = decodeMessage(DISCOVER.subarray(0, length))
      assert.ok(length >= 240)
      for (const [code, value] of options) assert.deepEqual(value, whole.get(code))
    } catch (error) {
      assert.ok(error instanceof WireError, String(error))
    }
  }
})

const address = fc.ipV4()
const messages: fc.Arbitrary<DhcpMessage> = fc.record(
  {
    operation: fc.constantFrom('request', 'reply'),
    hardwareType: fc.nat(255),
    hardwareAddress: fc.uint8Array({ maxLength: 16 }),
    hops: fc.nat(255),
    transactionId: fc.nat(0xffffffff),
    seconds: fc.nat(0xffff),
    broadcast: fc.boolean(),
    clientAddress: address,
    yourAddress: address,
    nextServer: address,
    relayAddress: address,
    serverName: fc.stringMatching(/^[a-z0-9.-]{0,64}$/),
    bootFile: fc.stringMatching(/^[a-zA-Z0-9./-]{0,128}$/),
    options: fc
      .array(fc.tuple(fc.integer({ min: 1, max: 254 }), fc.uint8Array({ maxLength: 700 })), { maxLength: 12 })
      .map((entries) => new Map(entries.filter(([code]) => code !== 52))),
  },
  { noNullPrototype: true },
)

test('decodeMessage() reads what encodeMessage() wrote, whatever it is', () => {
  fc.assert(fc.property(messages, (message) => assert.deepEqual(decodeMessage(encodeMessage(message)), message)))
})

test('decodeMessage() of random bytes is a message or a WireError', () => {
  const readOrRefuse = (bytes: Uint8Array): void => {
    try {
      decodeMessage(bytes)
    } catch (error) {
      assert.ok(error instanceof WireError)
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), readOrRefuse))
  const tail = fc.uint8Array({ maxLength: 300 })
  fc.assert(fc.property(tail, (bytes) => readOrRefuse(Buffer.concat([DISCOVER.subarray(0, 240), bytes]))))
})
