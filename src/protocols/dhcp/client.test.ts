import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hex } from '../../wire/hex.ts'
import { describeClient } from './client.ts'
import { IPXE, option, rawOption } from './options.ts'
import { clientMessage } from './testing.ts'

test('describeClient() reads what PXE firmware says of its machine', () => {
  const client = describeClient(
    clientMessage('discover', {
      relayAddress: '10.0.9.1',
      options: [
        rawOption(option.vendorClass, 'PXEClient:Arch:00007:UNDI:003016'),
        rawOption(option.architectures, [7]),
        rawOption(option.uuid, '8a3c6e42-0001-4000-8000-525400123456'),
        rawOption(option.parameterRequestList, [1, 67]),
        rawOption(option.clientIdentifier, hex('00abcd')),
        rawOption(option.hostName, 'pc01'),
      ],
    }),
  )
  assert.deepEqual(client, {
    mac: '52:54:00:12:34:56',
    uuid: '8a3c6e42-0001-4000-8000-525400123456',
    clientId: '00abcd',
    hostName: 'pc01',
    architecture: 7,
    architectures: [7],
    vendorClass: 'PXEClient:Arch:00007:UNDI:003016',
    userClasses: [],
    firmware: 'pxe',
    isIpxe: false,
    ipxeFeatures: new Set(),
    requestedOptions: [1, 67],
    relay: '10.0.9.1',
    link: '10.0.9.1',
  })
})

test('describeClient() reads the card and the features of iPXE', () => {
  const ipxe = hex('b1 05 01 8086 100e 13 01 01 18 01 01 15 01 00 eb 03 010000')
  const client = describeClient(clientMessage('discover', { options: [[option.ipxe.code, ipxe]] }))
  assert.equal(client.isIpxe, true)
  assert.deepEqual(client.busId, { vendor: 0x8086, device: 0x100e })
  assert.deepEqual(client.ipxeFeatures, new Set([IPXE.http, IPXE.bzImage])) // 21 (TFTP) has the value 0
})

test('describeClient() knows an iPXE by its user class alone, and UEFI HTTP firmware by its vendor class', () => {
  const byClass = describeClient(clientMessage('discover', { options: [[77, hex('69505845')]] }))
  assert.deepEqual([byClass.isIpxe, byClass.busId], [true, undefined])
  const options = [rawOption(option.vendorClass, 'HTTPClient:Arch:00016:UNDI:003001')]
  assert.equal(describeClient(clientMessage('discover', { options })).firmware, 'http')
})

test('describeClient() takes malformed options for absent ones', () => {
  const options = [93, 97, 175, 55, 60, 61].map((code) => [code, hex('ff')] as const)
  const client = describeClient(clientMessage('discover', { options }))
  assert.deepEqual([client.uuid, client.busId, client.architecture], [undefined, undefined, undefined])
})
