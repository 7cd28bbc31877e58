import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deviceName, pciIdOf, pciIdOfBusId } from './pci-id.ts'

test('pciIdOf() reads the modalias of a PCI device, as lspci -n writes it', () => {
  assert.equal(pciIdOf('pci:v00001D6Ad0000D107sv00001D6Asd00000001bc02sc00i00'), '1d6a:d107')
  assert.equal(pciIdOf('virtio:d00000001v00001AF4'), undefined)
})

test('pciIdOfBusId() reads what iPXE says of the card it boots from', () => {
  assert.equal(pciIdOfBusId('01:80:86:10:0e'), '8086:100e')
  assert.equal(pciIdOfBusId('03:80:86:10:0e'), undefined) // another bus
  assert.equal(pciIdOfBusId(''), undefined)
})

test('deviceName() is short', () => {
  assert.equal(deviceName('pci:v00008086d0000100Esv00001AF4sd00001100bc02sc00i00'), '8086:100e')
  assert.equal(deviceName('usb:v0B95p1790d0200dcFFdscFFdp00icFFiscFFip00in00'), 'usb:v0B95p1790')
  assert.equal(deviceName('8086:100e'), '8086:100e')
})
