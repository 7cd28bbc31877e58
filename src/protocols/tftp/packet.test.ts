import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../wire/error.ts'
import { hex, toHex } from '../../wire/hex.ts'
import {
  decodeAck,
  decodeError,
  decodeOptionAck,
  decodeReadRequest,
  encodeAck,
  encodeError,
  encodeOptionAck,
  encodeReadRequest,
  opcodeOf,
  putDataHeader,
} from './packet.ts'

const RRQ = hex(
  '0001' +
    /* opcode */ '626f6f7400' +
    /* "boot" */ '4f4354455400' +
    /* "OCTET" */ '426c6b53697a6500' /* "BlkSize" */ +
    '3134363800', // 1468
)

test('decodeReadRequest() reads file name, mode and options in any case', () => {
  const wanted = { filename: 'boot', mode: 'octet', options: new Map([['blksize', '1468']]) }
  assert.deepEqual(decodeReadRequest(RRQ), wanted)
})

test('decodeReadRequest() refuses a request cut at any byte, except where nothing is missing', () => {
  const whole = new Set([RRQ.byteLength, 2 + 5 + 6]) // all of it, and all before the options
  for (let length = 0; length <= RRQ.byteLength; length += 1) {
    const cut = RRQ.subarray(0, length)
    if (whole.has(length)) decodeReadRequest(cut)
    else assert.throws(() => decodeReadRequest(cut), WireError, `cut at ${length}`)
  }
})

test('decodeReadRequest() passes over NULs that fill the datagram up', () => {
  const filled = Buffer.concat([RRQ, new Uint8Array(20)])
  assert.deepEqual(decodeReadRequest(filled), decodeReadRequest(RRQ))
})

test('decodeReadRequest() says which mode or name it wants', () => {
  const mail = hex('0001 6100 6d61696c00') // opcode, "a", "mail"
  assert.throws(() => decodeReadRequest(mail), {
    message: 'Cannot read TFTP RRQ at byte 9: mode is "mail", want octet or netascii',
  })
  const nameless = hex('0001 00 6f6374657400') // opcode, "", "octet"
  assert.throws(() => decodeReadRequest(nameless), { message: 'Cannot read TFTP RRQ at byte 2: file name is empty' })
})

const text = fc.string({ unit: 'grapheme', minLength: 1 }).filter((value) => !value.includes('\0'))

test('decodeReadRequest() and encodeReadRequest() are inverse', () => {
  const name = text.map((value) => value.toLowerCase())
  const mode = fc.constantFrom('octet' as const, 'netascii' as const)
  const options = fc.array(fc.tuple(name, text)).map((pairs) => new Map(pairs))
  const request = fc.record({ filename: text, mode, options }, { noNullPrototype: true })
  fc.assert(fc.property(request, (value) => assert.deepEqual(decodeReadRequest(encodeReadRequest(value)), value)))
})

test('every decoder takes any bytes or throws a WireError', () => {
  const decoders = [decodeReadRequest, decodeAck, decodeError, decodeOptionAck]
  const opcode = fc.integer({ min: 0, max: 7 })
  fc.assert(
    fc.property(opcode, fc.uint8Array({ maxLength: 40 }), (first, rest) => {
      const datagram = Uint8Array.from([0, first, ...rest])
      for (const decode of decoders) {
        try {
          decode(datagram)
        } catch (error) {
          assert.ok(error instanceof WireError)
        }
      }
    }),
  )
})

test('opcodeOf() knows no opcode in fewer than two bytes', () => {
  assert.equal(opcodeOf(hex('0006')), 6)
  assert.equal(opcodeOf(hex('00')), undefined)
  assert.equal(opcodeOf(hex('')), undefined)
})

test('encodeAck() and decodeAck() agree, also when the datagram was filled up', () => {
  assert.equal(toHex(encodeAck(0xfffe)), '0004fffe')
  assert.equal(decodeAck(hex('0004 fffe 000000')), 0xfffe)
})

test('encodeError() writes code and text, and cuts a text that is too long', () => {
  const error = hex('0005 0001 6e6f00') // opcode, file not found, "no"
  assert.deepEqual(encodeError({ code: 1, text: 'no' }), error)
  assert.deepEqual(decodeError(error), { code: 1, text: 'no' })
  assert.ok(encodeError({ code: 0, text: 'x'.repeat(10_000) }).byteLength < 256)
})

test('decodeError() reads a text without its NUL', () => {
  assert.deepEqual(decodeError(hex('0005 0000 6279')), { code: 0, text: 'by' })
})

test('encodeOptionAck() writes pairs of strings', () => {
  const golden = hex('0006 7473697a6500 353100') // opcode, "tsize", "51"
  assert.deepEqual(encodeOptionAck(new Map([['tsize', '51']])), golden)
  assert.deepEqual(decodeOptionAck(golden), new Map([['tsize', '51']]))
})

test('putDataHeader() rolls block numbers over after 65535', () => {
  const target = new Uint8Array(4)
  const headers = [1, 65_535, 65_536, 65_537].map((block) => {
    putDataHeader(target, block)
    return toHex(target)
  })
  assert.deepEqual(headers, ['00030001', '0003ffff', '00030000', '00030001'])
})
