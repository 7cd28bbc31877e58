import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isOptional } from './optional.ts'

test('isOptional() knows what loaders ask for and do without', () => {
  const asked = [
    'pxelinux.cfg/0A4D',
    'revocations_sku.efi',
    'boot/shim_certificate_0.efi',
    '/grub/x86_64-efi/command.lst',
    '/grub/fonts/unicode.pf2',
    '8f3a2b1c/recover4.elf',
    '8f3a2b1c/overlays/overlay_map.dtb',
    'vl805.sig',
  ]
  assert.deepEqual(
    asked.filter((path) => !isOptional(path)),
    [],
  )
})

test('isOptional() does not hide a loader that is missing', () => {
  const asked = [
    'shimx64.efi',
    'grubx64.efi',
    'ldlinux.c32',
    'grub/grub.cfg',
    'release/ab/kernel/6.12',
    'x/pxelinux.0',
    '8f3a2b1c/start4.elf',
  ]
  assert.deepEqual(asked.filter(isOptional), [])
})
