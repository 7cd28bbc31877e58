import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '../../wire/hex.ts'
import { effectsFor, QUIRKS } from './firmware-quirks.ts'
import { IPXE, option, rawOption, readOption } from './options.ts'
import { encodeMessage } from './packet.ts'
import { grant, grantBoot } from './reply.ts'
import { clientMessage, type ClientMessageFields } from './testing.ts'

const ANSWER = { prefix: 24, leaseSeconds: 600, bootFile: 'snponly.efi' }
const PXE = [rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'), rawOption(option.architectures, [7])]
const HTTP = [rawOption(option.vendorClass, 'HTTPClient:Arch:00016:UNDI:003001'), rawOption(option.architectures, [16])]
const ROM = [...PXE, rawOption(option.ipxe, new Map([[IPXE.http, Uint8Array.of(1)]]))]
const PI = [rawOption(option.vendorClass, 'PXEClient:Arch:00000:UNDI:002001'), rawOption(option.architectures, [0])]
const PI_MAC = 'dc:a6:32:01:02:03'

function offerTo(fields: ClientMessageFields) {
  const request = clientMessage('discover', fields)
  return grant(request, 'offer', { serverAddress: '10.0.0.1', address: '10.0.0.100', answer: ANSWER })
}
/** As another server's proxy. */
function proxyOfferTo(fields: ClientMessageFields) {
  return grantBoot(clientMessage('discover', fields), 'offer', { serverAddress: '10.0.0.1', answer: ANSWER })
}
const hexOf = (bytes: Uint8Array | undefined): string => toHex(bytes ?? new Uint8Array(0))

/** One test per row, in the words of the row: what is on the wire because of it. */
const SHOWN: Readonly<Record<string, () => void>> = {
  'PXE takes no offer': () =>
    assert.equal(readOption(offerTo({ options: PXE }).options, option.vendorClass), 'PXEClient'),
  'without discovery control': () => assert.equal(hexOf(proxyOfferTo({ options: PXE }).options.get(43)), '060108ff'),
  'old Intel ROMs': () => {
    const { options, bootFile } = offerTo({ options: PXE })
    assert.equal(hexOf(options.get(67)), Buffer.from('snponly.efi\0').toString('hex'))
    assert.equal(bootFile, 'snponly.efi')
    assert.equal(hexOf(offerTo({ options: HTTP }).options.get(67)).endsWith('00'), false)
  },
  'UEFI HTTP boot takes no offer': () =>
    assert.equal(readOption(offerTo({ options: HTTP }).options, option.vendorClass), 'HTTPClient'),
  'iPXE waits for a proxyDHCP server': () =>
    assert.equal(readOption(offerTo({ options: ROM }).options, option.ipxe)?.get(IPXE.noProxyDhcp)?.[0], 1),
  'iPXE takes an offer without an address': () =>
    assert.equal(readOption(proxyOfferTo({ options: ROM }).options, option.vendorClass), 'PXEClient'),
  'the ROM of a Raspberry Pi 4': () => {
    const menu = `0601030a04005058450914000011${Buffer.from('Raspberry Pi Boot').toString('hex')}ff`
    assert.equal(hexOf(offerTo({ options: PI, mac: PI_MAC }).options.get(43)), menu)
    assert.equal(hexOf(offerTo({ options: PI }).options.get(43)), '060108ff', 'a PC')
  },
}

for (const { about, source } of QUIRKS) {
  test(`QUIRKS: ${about}`, () => {
    const shown = Object.entries(SHOWN).filter(([begin]) => about.startsWith(begin))
    assert.equal(shown.length, 1, 'each row has one test')
    assert.match(source, /^https?:\/\//)
    shown[0]?.[1]()
  })
}

test('effectsFor() is nothing for a running system', () => {
  assert.deepEqual(effectsFor({ mac: PI_MAC, firmware: 'none', isIpxe: false, architecture: 0 }), {})
})

// What no row is needed for, because every client is sent it.
test('grant() gives cards without option 97, 93 and 94 the same answer (old Intel cards)', () => {
  const { options, bootFile } = offerTo({ options: [rawOption(option.vendorClass, 'PXEClient')] })
  assert.equal(bootFile, 'snponly.efi')
  assert.equal(readOption(options, option.vendorClass), 'PXEClient')
})

test('grantBoot() fills siaddr, sname and file beside options 66 and 67 (U-Boot and old ROMs read only the fields)', () => {
  const message = proxyOfferTo({ options: PXE })
  assert.deepEqual([message.nextServer, message.serverName, message.bootFile], ['10.0.0.1', '10.0.0.1', 'snponly.efi'])
  assert.equal(readOption(message.options, option.tftpServerName), '10.0.0.1') // an address: firmware has no DNS
})

test('encodeMessage() sends no proxy offer below the 300 bytes that BOOTP clients want', () => {
  assert.ok(encodeMessage(proxyOfferTo({ options: PXE })).byteLength >= 300)
})
