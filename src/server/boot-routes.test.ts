import assert from 'node:assert/strict'
import { test } from 'node:test'
import { roleOf } from './boot-routes.ts'

const DIGEST = '0123456789abcdef'.repeat(4)

test('roleOf() knows every path of a boot', () => {
  const roles = {
    '/boot.ipxe': 'script',
    '/ipxe': 'script',
    '/loader/snponly.efi': 'loader',
    [`/release/${DIGEST}/kernel/6.12.57+deb13-amd64`]: 'kernel',
    [`/initramfs/tools/${DIGEST}.cpio.zst`]: 'tools',
    [`/initramfs/drivers/${DIGEST}.cpio.gz`]: 'drivers',
    [`/boot/k7m2qa/${DIGEST}/6.12.57+deb13-amd64/client.cpio`]: 'client',
    '/report/k7m2qa': 'other',
    '/report/mac/52:54:00:12:34:56': 'other',
  }
  for (const [path, role] of Object.entries(roles)) assert.equal(roleOf(path), role, path)
})

test('roleOf() takes nothing else for a file of a boot', () => {
  const paths = [
    '/',
    '/boot.ipxe/',
    '/loader/',
    '/loader/a/b',
    '/loader/\0',
    `/initramfs/tools/../${DIGEST}.cpio.zst`,
    `/initramfs/tools/${DIGEST}.cpio`,
    `/initramfs/tools/${DIGEST.toUpperCase()}.cpio.zst`,
    `/release/${DIGEST}/kernel/../6.12`,
    `/release/${DIGEST.slice(1)}/kernel/6.12`,
    `/boot/k7m2qa/${DIGEST}/6.12/client.cpio\n`,
  ]
  for (const path of paths) assert.equal(roleOf(path), 'other', JSON.stringify(path))
})
