import assert from 'node:assert/strict'
import { test } from 'node:test'
import { effectsFor } from '../../protocols/dhcp/firmware-quirks.ts'
import { isRaspberryPi, piConfig } from './raspberry-pi.ts'

const ROM = { mac: 'dc:a6:32:01:02:03', vendorClass: 'PXEClient:Arch:00000:UNDI:002001', architecture: 0 }

test('isRaspberryPi() goes by the vendor of the card, and by what the ROM calls itself', () => {
  assert.ok(isRaspberryPi(ROM))
  assert.ok(isRaspberryPi({ ...ROM, architecture: 41 }))
  assert.ok(isRaspberryPi({ mac: ROM.mac, vendorClass: ROM.vendorClass }))
  assert.ok(!isRaspberryPi({ ...ROM, mac: '52:54:00:01:02:03' }), 'a PC')
  assert.ok(!isRaspberryPi({ ...ROM, vendorClass: 'dhcpcd-9.4.1' }), 'its running system')
  assert.ok(!isRaspberryPi({ ...ROM, architecture: 11 }), 'UEFI on it takes a loader')
})

test('effectsFor() a Raspberry Pi are the bytes that its ROM looks for', () => {
  const { vendorOptions = [] } = effectsFor({ mac: ROM.mac, architecture: 0, firmware: 'pxe', isIpxe: false })
  const bytes = [...vendorOptions].map(([code, value]) => Buffer.from([code, value.length, ...value]).toString('hex'))
  assert.deepEqual(bytes, [
    '060103', // discovery control
    '0a0400505845', // prompt: at once, "PXE"
    '0914000011526173706265727279205069' + '20426f6f74', // menu: type 0, 17 characters, "Raspberry Pi Boot"
  ])
})

test('piConfig() has the kernel of 64 bits and the initramfs behind it', () => {
  assert.match(piConfig(), /^arm_64bit=1\n[\s\S]*kernel=vmlinuz\ninitramfs initrd followkernel\n$/)
})
