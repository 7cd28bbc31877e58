import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NamedMachine, readTftpName, type TftpName } from './names.ts'

const MAC: NamedMachine = { by: 'mac', mac: 'dc:a6:32:01:02:03' }
const ADDRESS: NamedMachine = { by: 'address', address: '192.168.2.91' }
const UUID_TEXT = '4c4c4544-0042-3510-8054-b4c04f4a3132'
const UUID: NamedMachine = { by: 'uuid', uuid: UUID_TEXT }
const SERIAL: NamedMachine = { by: 'serial', serial: '8f3a2b1c' }
const ANYONE: NamedMachine = { by: 'anyone' }
const own = (machine: NamedMachine, file: string): TftpName => ({ kind: 'own', machine, file })

const names: Readonly<Record<string, TftpName>> = {
  [`pxelinux.cfg/${UUID_TEXT}`]: { kind: 'pxelinux', machine: UUID },
  [`pxelinux.cfg/${UUID_TEXT.toUpperCase()}`]: { kind: 'pxelinux', machine: UUID },
  'pxelinux.cfg/01-dc-a6-32-01-02-03': { kind: 'pxelinux', machine: MAC },
  '/boot/pxelinux.cfg/01-DC-A6-32-01-02-03': { kind: 'pxelinux', machine: MAC },
  'pxelinux.cfg/C0A8025B': { kind: 'pxelinux', machine: ADDRESS },
  'pxelinux.cfg/C0A8025': { kind: 'pxelinux', machine: { by: 'network', address: '192.168.2.80', length: 28 } },
  'pxelinux.cfg/C': { kind: 'pxelinux', machine: { by: 'network', address: '192.0.0.0', length: 4 } },
  'pxelinux.cfg\\default': { kind: 'pxelinux', machine: ANYONE },
  'grub/grub.cfg': { kind: 'grub', machine: ANYONE },
  'grub/x86_64-efi/grub.cfg': { kind: 'grub', machine: ANYONE },
  'grub.cfg-01-dc-a6-32-01-02-03': { kind: 'grub', machine: MAC },
  'grub/grub.cfg-C0A8025B': { kind: 'grub', machine: ADDRESS },
  [`grub/grub.cfg-${UUID_TEXT}`]: { kind: 'grub', machine: UUID },
  '8f3a2b1c/start4.elf': own(SERIAL, 'start4.elf'),
  '8F3A2B1C/overlays/vc4-kms-v3d.dtbo': own(SERIAL, 'overlays/vc4-kms-v3d.dtbo'),
  'dc-a6-32-01-02-03/config.txt': own(MAC, 'config.txt'),
  '/tftpboot/192.168.2.91/vmlinuz': own(ADDRESS, 'vmlinuz'),
  [`${UUID_TEXT}/vmlinuz`]: own(UUID, 'vmlinuz'),
  'undionly.kpxe': { kind: 'file', file: 'undionly.kpxe' },
  '/srv/tftp/undionly.kpxe': { kind: 'file', file: 'srv/tftp/undionly.kpxe' },
  'pxelinux.cfg/nonsense': { kind: 'file', file: 'pxelinux.cfg/nonsense' },
  deadbeef: { kind: 'file', file: 'deadbeef' }, // a file, not a machine's directory
  '8f3a2b1c/../../etc/passwd': { kind: 'file', file: '8f3a2b1c/../../etc/passwd' },
  '': { kind: 'file', file: '' },
}
for (const [path, wanted] of Object.entries(names)) {
  test(`readTftpName() reads ${path === '' ? 'an empty name' : path}`, () => {
    assert.deepEqual(readTftpName(path), wanted)
  })
}
