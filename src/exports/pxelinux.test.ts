import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pxelinuxExport, pxelinuxName } from './pxelinux.ts'

const BOOT = { kind: 'boot', label: 'debian', directory: '10.0.0.7', commandLine: 'quiet' } as const

test('pxelinuxName() is what PXELINUX asks for', () => {
  assert.equal(pxelinuxName('52:54:00:00:00:07'), 'pxelinux.cfg/01-52-54-00-00-00-07')
  assert.equal(pxelinuxName(undefined), 'pxelinux.cfg/default')
})

test('pxelinuxExport() boots at once where there is nothing to choose [HT37]', () => {
  const { body } = pxelinuxExport({ title: 'pc\u00a07', entries: [BOOT], isForAnyone: true })
  assert.equal(
    body,
    [
      'SAY pc 7',
      'PROMPT 0',
      'DEFAULT debian',
      'IPAPPEND 2',
      'LABEL debian',
      '  KERNEL 10.0.0.7/vmlinuz',
      '  APPEND initrd=10.0.0.7/initrd quiet',
      '',
    ].join('\n'),
  )
})

test('pxelinuxExport() writes a menu, and the own disk of the machine', () => {
  const entries = [BOOT, { kind: 'local' }] as const
  const { body } = pxelinuxExport({ title: 'pc7', entries, timeoutSeconds: 5, isForAnyone: false })
  assert.match(
    body,
    /^UI menu\.c32\nPROMPT 1\nTIMEOUT 50\nMENU TITLE pc7\nMENU IMMEDIATE\nDEFAULT debian\nLABEL debian\n/,
  )
  assert.match(body, /LABEL local\n {2}MENU LABEL \^2 {2}the disk of this machine\n {2}LOCALBOOT -1\n$/)
})
