import assert from 'node:assert/strict'
import { test } from 'node:test'
import { busesOf, deviceText, modulesForDevice, parseDevice } from './device.ts'
import { AliasTable } from './modules-alias.ts'

const table = new AliasTable([
  { pattern: 'pci:v00008086d0000100Esv*sd*bc*sc*i*', module: 'e1000' },
  { pattern: 'pci:v00008086d0000100Fsv*sd*bc*sc*i*', module: 'other' },
  { pattern: 'pci:v00008086d*sv*sd*bc01sc01i*', module: 'ata_generic' },
  { pattern: 'pci:v*d*sv*sd*bc0Csc03i30*', module: 'xhci_pci' },
  { pattern: 'pci:v00001AF4d*sv*sd*bc*sc*i*', module: 'virtio_pci' },
  { pattern: 'pci:v000014E4d00001653sv0000103Csd*bc*sc*i*', module: 'tg3' },
  { pattern: 'virtio:d00000001v*', module: 'virtio_net' },
  { pattern: 'virtio:d00000002v*', module: 'virtio_blk' },
  { pattern: 'usb:v0BDAp8153d*dc*dsc*dp*ic*isc*ip*in*', module: 'r8152' },
  { pattern: 'usb:v*p*d*dc*dsc*dp*ic02isc06ip00in*', module: 'cdc_ether' },
  { pattern: 'xen:vif', module: 'xen_netfront' },
])

const drivers: readonly (readonly [device: string, modules: readonly string[]])[] = [
  ['8086:100e', ['e1000']],
  ['pci:8086:100E', ['e1000']],
  ['8086:1010', []],
  ['14e4:1653', ['tg3']],
  ['1af4:1000', ['virtio_pci', 'virtio_net']],
  ['1af4:1041', ['virtio_pci', 'virtio_net']],
  ['1AF4:1001', ['virtio_pci', 'virtio_blk']],
  ['1af4:1050', ['virtio_pci']],
  ['usb:0bda:8153', ['r8152']],
  ['usb:0bda:8152', []],
  ['xen:vif', ['xen_netfront']],
  ['pci:v00008086d00001E31sv00001028sd00000534bc0Csc03i30', ['xhci_pci']],
  ['usb:v0B95p772Ad0001dc00dsc00dp00ic02isc06ip00in00', ['cdc_ether']],
]
for (const [device, modules] of drivers) {
  test(`modulesForDevice() gives ${modules.join(', ') || 'nothing'} for ${device}`, () => {
    assert.deepEqual(modulesForDevice(table, parseDevice(device)), modules)
  })
}

test('parseDevice() says what a device looks like', () => {
  for (const text of ['', '8086', '8086:100', '8086-100e', 'e1000', 'usb:1:2 3', 'pci:v*d*'])
    assert.throws(() => parseDevice(text), /Cannot read the device ".*", want a PCI id such as 8086:100e/, text)
})

test('deviceText() writes the same device in one way', () => {
  assert.equal(deviceText(parseDevice('8086:100E')), '8086:100e')
  assert.equal(deviceText(parseDevice('USB:0BDA:8153')), 'usb:0bda:8153')
  assert.equal(deviceText(parseDevice('virtio:d00000001v00001AF4')), 'virtio:d00000001v00001AF4')
})

test('busesOf() knows that a virtio card is on two buses', () => {
  assert.deepEqual(busesOf(parseDevice('1af4:1000')), ['pci', 'virtio'])
  assert.deepEqual(busesOf(parseDevice('8086:100e')), ['pci'])
  assert.deepEqual(busesOf(parseDevice('vmbus:f8615163df3e46c5913ff2d2f965ed0e')), ['vmbus'])
})
