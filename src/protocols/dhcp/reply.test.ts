import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import type { DhcpAnswer } from './answer.ts'
import { option, rawOption, readOption } from './options.ts'
import { encodeMessage, type RawOptions } from './packet.ts'
import { grant } from './reply.ts'
import { clientMessage } from './testing.ts'

const ANSWER: DhcpAnswer = {
  prefix: 24,
  leaseSeconds: 3600,
  routers: ['10.0.0.1'],
  nameServers: ['9.9.9.9'],
  hostName: 'pc01',
  rootPath: 'nfs://10.0.0.1/release/abc',
  bootFile: 'snponly.efi',
}

type Entries = readonly (readonly [number, Uint8Array])[]

function offerTo(options: Entries, answer: Partial<DhcpAnswer> = {}) {
  const parts = { serverAddress: '10.0.0.1', address: '10.0.0.100', answer: { ...ANSWER, ...answer } }
  return grant(clientMessage('discover', { options }), 'offer', parts)
}
const codesOf = (options: RawOptions): number[] => [...options.keys()].sort((a, b) => a - b)
const asking = (...codes: number[]) => rawOption(option.parameterRequestList, codes)
const vendor = (text: string) => rawOption(option.vendorClass, text)

test('grant() sends what was asked for, the boot file and what every client needs, and no more', () => {
  const { options } = offerTo([asking(1, 3, 12)])
  assert.deepEqual(codesOf(options), [1, 3, 12, 51, 53, 54, 58, 59, 66, 67])
})

test('grant() sends the usual settings to who asks for nothing', () => {
  const { options } = offerTo([], {})
  assert.deepEqual(codesOf(options), [1, 3, 6, 12, 17, 28, 51, 53, 54, 58, 59, 66, 67])
})

test('grant() names the boot file in the fields and in options 66 and 67 [HT30]', () => {
  const message = offerTo([asking(1)], { nextServer: '10.0.0.2' })
  assert.deepEqual([message.nextServer, message.serverName, message.bootFile], ['10.0.0.2', '10.0.0.2', 'snponly.efi'])
  assert.equal(readOption(message.options, option.tftpServerName), '10.0.0.2')
  assert.equal(readOption(message.options, option.bootFileName), 'snponly.efi')
})

test('grant() puts a URL too long for the file field into option 67 alone', () => {
  const bootFile = `http://10.0.0.1/${'a'.repeat(150)}`
  const message = offerTo([], { bootFile })
  assert.equal(message.bootFile, '')
  assert.equal(readOption(message.options, option.bootFileName), bootFile)
})

test('grant() tells PXE firmware PXEClient, to use this boot file, and its own UUID', () => {
  const uuid = hex(`00${'ab'.repeat(16)}`)
  const { options } = offerTo([vendor('PXEClient:Arch:00007:UNDI:003016'), [97, uuid]])
  assert.equal(readOption(options, option.vendorClass), 'PXEClient')
  assert.deepEqual(options.get(43), hex('06 01 08 ff'))
  assert.deepEqual(options.get(97), uuid)
})

test('grant() tells UEFI HTTP firmware HTTPClient', () => {
  const { options } = offerTo([vendor('HTTPClient:Arch:00016:UNDI:003001')])
  assert.equal(readOption(options, option.vendorClass), 'HTTPClient')
  assert.equal(options.has(43), false)
})

test('grant() tells iPXE not to wait for a proxyDHCP server, and no option 43', () => {
  const { options } = offerTo([vendor('PXEClient:Arch:00000:UNDI:002001'), [175, hex('b1050180861 00e')]])
  assert.deepEqual(options.get(175), hex('b0 01 01 ff'))
  assert.equal(options.has(43), false)
})

test('grant() leaves out what does not fit into 576 bytes, the boot file last', () => {
  const domainSearch = Array.from({ length: 30 }, (_, i) => `department-${i}.example.org`)
  const message = offerTo([asking(1, 3, 6, 12, 119)], { domainSearch })
  assert.equal(message.options.has(119), false)
  assert.deepEqual(codesOf(message.options), [1, 3, 6, 12, 51, 53, 54, 58, 59, 66, 67])
  assert.ok(encodeMessage(message).byteLength <= 576 - 28)
})

test('grant() obeys option 57', () => {
  const domainSearch = Array.from({ length: 30 }, (_, i) => `department-${i}.example.org`)
  const message = offerTo([asking(119), rawOption(option.maximumMessageSize, 1500)], { domainSearch })
  assert.deepEqual(readOption(message.options, option.domainSearch), domainSearch)
  const lying = offerTo([asking(119), rawOption(option.maximumMessageSize, 10)], { domainSearch })
  assert.ok(encodeMessage(lying).byteLength >= 300)
  assert.equal(lying.options.has(119), false)
})

test('grant() adds the default route to classless routes', () => {
  const routes = [{ network: '10.7.0.0', prefix: 24, router: '10.0.0.7' }]
  const { options } = offerTo([asking(121)], { routes })
  const defaultRoute = { network: '0.0.0.0', prefix: 0, router: '10.0.0.1' }
  assert.deepEqual(readOption(options, option.classlessRoutes), [...routes, defaultRoute])
})

test('grant() sends extra options although nobody asked, in place of ours [AW21]', () => {
  const extra = new Map([
    [208, hex('f100747e')],
    [12, hex('78')],
  ])
  const { options } = offerTo([asking(12)], { extra })
  assert.deepEqual([options.get(208), options.get(12)], [hex('f100747e'), hex('78')])
})

test('grant() shortens a lease as asked, never lengthens it', () => {
  const secondsFor = (asked: number) =>
    readOption(offerTo([rawOption(option.leaseTime, asked)]).options, option.leaseTime)
  assert.deepEqual([600, 86_400, 0xffffffff, 1].map(secondsFor), [600, 3600, 3600, 60])
})
