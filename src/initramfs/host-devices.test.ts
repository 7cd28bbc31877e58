import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostDevices } from './host-devices.ts'
import { temporaryDirectory, writeFiles } from './testing.ts'

test('hostDevices() finds the cards of a machine and the buses above them, nothing else [FB20]', async () => {
  await using sys = await temporaryDirectory()
  const usb = 'devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0'
  await writeFiles(sys.path, {
    'devices/pci0000:00/0000:00:03.0/modalias': 'pci:v00001AF4d00001000sv0sd0bc02sc00i00\n',
    'devices/pci0000:00/0000:00:03.0/virtio0/modalias': 'virtio:d00000001v00001AF4\n',
    'devices/pci0000:00/0000:00:02.0/modalias': 'pci:graphics\n',
    'devices/pci0000:00/0000:00:14.0/modalias': 'pci:xhci\n',
    [`${usb}/modalias`]: 'usb:v0BDAp8153\n',
    'devices/virtual/net/lo/type': '772',
    'class/net/lo': '-> ../../devices/virtual/net/lo',
    'class/net/eth0/device': '-> ../../../devices/pci0000:00/0000:00:03.0/virtio0',
    'class/net/usb0/device': `-> ../../../${usb}`,
  })
  const cards = ['pci:v00001AF4d00001000sv0sd0bc02sc00i00', 'pci:xhci', 'usb:v0BDAp8153', 'virtio:d00000001v00001AF4']
  assert.deepEqual(await hostDevices(sys.path), cards)
  await assert.rejects(hostDevices(join(sys.path, 'devices')), /Cannot tell the network cards of this machine/)
})
