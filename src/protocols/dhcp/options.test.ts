import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../wire/hex.ts'
import type { OptionCodec } from './option-codecs.ts'
import { option, rawOption, readOption, requireValid } from './options.ts'

/** Shows that a codec writes exactly these bytes and reads the value back from them. */
function golden<T>(codec: OptionCodec<T>, bytes: string, value: T): void {
  test(`option ${codec.code} (${codec.name}) is ${bytes}`, () => {
    assert.equal(toHex(codec.encode(value)), bytes.replaceAll(' ', ''))
    assert.deepEqual(codec.decode(hex(bytes)), value)
  })
}

golden(option.subnetMask, 'ffffff00', '255.255.255.0')
golden(option.routers, '0a000001 0a000002', ['10.0.0.1', '10.0.0.2'])
golden(option.hostName, '7063 3031', 'pc01')
golden(option.mtu, '2328', 9000)
golden(option.leaseTime, '00000e10', 3600)
golden(option.messageType, '05', 'ack')
golden(option.parameterRequestList, '01 03 06 79', [1, 3, 6, 121])
golden(option.vendorSpecific, '06 01 08 ff', new Map([[6, hex('08')]]))
golden(option.userClass, '04 69505845 01 61', ['iPXE', 'a'])
golden(option.architectures, '0007 0009', [7, 9])
golden(option.networkInterface, '01 03 10', [1, 3, 16])
// type 0, then 8a3c6e42-0001-4000-8000-525400123456 with its first three groups turned round
golden(option.uuid, '00 426e3c8a 0100 0040 8000 525400123456', '8a3c6e42-0001-4000-8000-525400123456')
golden(option.domainSearch, '03 6c6162 07 6578616d706c65 00 01 61 00', ['lab.example', 'a'])
golden(option.classlessRoutes, '18 0a0700 0a000001 00 0a000001', [
  { network: '10.7.0.0', prefix: 24, router: '10.0.0.1' }, // only the three bytes that the prefix covers
  { network: '0.0.0.0', prefix: 0, router: '10.0.0.1' },
])
golden(option.ipxe, 'b1 05 01 8086 100e ff', new Map([[177, hex('01 8086 100e')]]))

test('option.domainSearch follows the pointers of RFC 1035', () => {
  // "eng.apple.com", then "marketing" and a pointer to "apple.com" at 4: the example of RFC 3397 §2
  const bytes = '03656e67 056170706c65 03636f6d 00 096d61726b6574696e67 c004'
  assert.deepEqual(option.domainSearch.decode(hex(bytes)), ['eng.apple.com', 'marketing.apple.com'])
})

test('option.userClass takes the bare text that iPXE sends', () => {
  assert.deepEqual(option.userClass.decode(hex('69505845')), ['iPXE'])
})

test('option.hostName drops the NUL that some firmware puts at the end', () => {
  assert.equal(option.hostName.decode(hex('706300')), 'pc')
})

const MALFORMED: readonly [OptionCodec<unknown>, string, RegExp][] = [
  [
    option.subnetMask as OptionCodec<unknown>,
    'ffffff',
    /option 1 \(subnet mask\) at byte 0.*wants 4 bytes, 3 are left/,
  ],
  [option.subnetMask as OptionCodec<unknown>, 'ffffff0000', /1 bytes follow the end/],
  [option.routers as OptionCodec<unknown>, '', /wants 4 bytes, 0 are left/],
  [option.messageType as OptionCodec<unknown>, '09', /type is 9, want 1 to 8/],
  [option.uuid as OptionCodec<unknown>, `02${'00'.repeat(16)}`, /type is 2, want 0/],
  [option.classlessRoutes as OptionCodec<unknown>, '21 00', /prefix is 33, want at most 32/],
  [option.domainSearch as OptionCodec<unknown>, 'c000', /pointer to 0 leads nowhere/],
  [option.domainSearch as OptionCodec<unknown>, '01 61 c009', /pointer to 9 leads nowhere/],
  [option.domainSearch as OptionCodec<unknown>, '03 61', /label wants 3 bytes/],
]
for (const [codec, bytes, message] of MALFORMED) {
  test(`option ${codec.code} refuses "${bytes}"`, () => {
    assert.throws(() => codec.decode(hex(bytes)), { name: 'WireError', message })
  })
}

test('readOption() takes a malformed option for an absent one, requireValid() does not', () => {
  const options = new Map([[1, hex('ff')]])
  assert.equal(readOption(options, option.subnetMask), undefined)
  assert.throws(() => requireValid(options, option.subnetMask), { name: 'WireError' })
  assert.equal(requireValid(options, option.mtu), undefined)
})

test('rawOption() makes an entry of the map', () => {
  assert.deepEqual(rawOption(option.mtu, 1500), [26, hex('05dc')])
})
