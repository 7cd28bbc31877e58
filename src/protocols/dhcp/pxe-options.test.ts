import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex, toHex } from '../../wire/hex.ts'
import { ByteWriter } from '../../wire/writer.ts'
import { decodeSuboptions, encodeOptions } from './option-field.ts'
import { option, rawOption, readOption } from './options.ts'
import { bootItemIn, bootItemOptions, entryOf, menuOptions, pxe } from './pxe-options.ts'

/** IBM's example of option 43 for a menu of two servers; of its two addresses one byte is a slip of the pen there. */
const IBM = hex(
  '060107' + // discovery control: the listed servers only
    '080e' + // boot servers
    '80f0 01 c0a80104' +
    '80f1 01 c0a80105' +
    '0916' + // boot menu
    '80f0 08 5365727665722041' + // "Server A"
    '80f1 08 5365727665722042' + // "Server B"
    '0a07 0f 53656c656374', // menu prompt: 15 seconds, "Select"
)

test('pxe reads the menu of an example from the field', () => {
  const inner = decodeSuboptions(IBM, 'option 43')
  assert.equal(readOption(inner, pxe.discoveryControl), 7)
  assert.deepEqual(readOption(inner, pxe.bootServers), [
    { type: 0x80f0, addresses: ['192.168.1.4'] },
    { type: 0x80f1, addresses: ['192.168.1.5'] },
  ])
  assert.deepEqual(readOption(inner, pxe.bootMenu), [
    { type: 0x80f0, label: 'Server A' },
    { type: 0x80f1, label: 'Server B' },
  ])
  assert.deepEqual(readOption(inner, pxe.menuPrompt), { seconds: 15, text: 'Select' })
})

const WRITTEN: readonly (readonly [string, readonly [number, Uint8Array], string])[] = [
  [
    'a boot server',
    rawOption(pxe.bootServers, [{ type: 0x8001, addresses: ['10.0.0.1', '10.0.0.2'] }]),
    '8001020a0000010a000002',
  ],
  ['servers of any address', rawOption(pxe.bootServers, [{ type: 1, addresses: [] }]), '000100'],
  ['a line of the menu', rawOption(pxe.bootMenu, [{ type: 0, label: 'disk' }]), '0000046469736b'],
  ['a prompt', rawOption(pxe.menuPrompt, { seconds: 255, text: 'F8' }), 'ff4638'],
  ['a boot item', rawOption(pxe.bootItem, { type: 0x8000, layer: 0 }), '80000000'],
  ['a multicast address', rawOption(pxe.multicastAddress, '224.0.1.2'), 'e0000102'],
]
for (const [what, [code, bytes], wanted] of WRITTEN) {
  test(`pxe writes ${what} as ${wanted}`, () => {
    assert.equal(toHex(bytes), wanted)
    const codec = Object.values(pxe).find((one) => one.code === code)
    assert.doesNotThrow(() => codec?.decode(bytes))
  })
}

test('pxe refuses what lies about its length', () => {
  const wrong: readonly (readonly [keyof typeof pxe, string])[] = [
    ['bootServers', '8001020a000001'], // two addresses, room for one
    ['bootServers', ''],
    ['bootMenu', '80000a41'], // ten letters, one there
    ['bootItem', '800000'],
    ['bootItem', '8000000000'],
    ['menuPrompt', ''],
    ['discoveryControl', '0700'],
  ]
  for (const [name, bytes] of wrong) {
    assert.throws(() => pxe[name].decode(hex(bytes)), /PXE/, `${name} ${bytes}`)
  }
})

const ENTRIES = [
  { name: 'debian', label: 'debian', isLocal: false },
  { name: 'local', label: 'disk', isLocal: true },
]

test('menuOptions() sends the machine to this server alone, and to its disk without a server', () => {
  const w = new ByteWriter(64)
  encodeOptions(w, menuOptions({ seconds: 10, entries: ENTRIES }, '10.0.0.1'))
  const prompt = Buffer.from('Press F8 for the menu').toString('hex')
  assert.equal(
    toHex(w.finish()),
    '060107' +
      '08078000010a000001' +
      '0910' +
      '800006' +
      '64656269616e' +
      '000004' +
      '6469736b' +
      `0a160a${prompt}` +
      'ff',
  )
})

test('menuOptions() never waits for ever, nor writes more than a screen shows', () => {
  const entries = [{ name: 'a', label: 'x'.repeat(300), isLocal: false }]
  const inner = menuOptions({ seconds: 3600, entries }, '10.0.0.1')
  assert.equal(readOption(inner, pxe.menuPrompt)?.seconds, 254)
  assert.equal(readOption(inner, pxe.bootMenu)?.[0]?.label.length, 70)
})

test('bootItemIn() and entryOf() find out what was taken, and nothing in what is cut or of another vendor', () => {
  const taken = (inner: string) => bootItemIn(new Map([[43, hex(inner)]]))
  assert.deepEqual(taken('4704 80010000 ff'), { type: 0x8001, layer: 0 })
  assert.equal(entryOf({ type: 0x8001, layer: 0 }), 1)
  for (const none of ['', '4704 8001', '470280 01', '0601 08']) assert.equal(taken(none), undefined, none)
  for (const type of [0, 1, 0x7fff, 0xffff]) assert.equal(entryOf({ type, layer: 0 }), undefined)
  const [code, bytes] = rawOption(option.vendorSpecific, bootItemOptions({ type: 0x8001, layer: 0 }))
  assert.deepEqual([code, toHex(bytes)], [43, '470480010000ff'])
})
