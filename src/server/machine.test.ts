import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { machineOf, speakerIn } from './machine.ts'

const CLIENT: DhcpClient = {
  mac: '52:54:00:12:34:56',
  architectures: [7],
  architecture: 7,
  userClasses: [],
  firmware: 'pxe',
  isIpxe: false,
  ipxeFeatures: new Set(),
  requestedOptions: [],
  vendorClass: 'PXEClient:Arch:00007:UNDI:003016',
}

test('machineOf() writes the card as iPXE prints it', () => {
  assert.equal(machineOf({ ...CLIENT, busId: { vendor: 0x8086, device: 0x100e } }).busId, '01:80:86:10:0e')
})

test('speakerIn() tells firmware, iPXE, our initramfs and a running system apart', () => {
  assert.equal(speakerIn(CLIENT), 'firmware')
  assert.equal(speakerIn({ ...CLIENT, isIpxe: true }), 'ipxe')
  assert.equal(speakerIn({ ...CLIENT, vendorClass: 'netroot' }), 'initramfs')
  assert.equal(speakerIn({ ...CLIENT, vendorClass: 'dhcpcd-9.4.1' }), 'system')
})
