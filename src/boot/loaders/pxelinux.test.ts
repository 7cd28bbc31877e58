import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootPlan } from '../plan.ts'
import { pxelinuxConfig, pxelinuxLocal, pxelinuxWait } from './pxelinux.ts'

const PLAN: BootPlan = {
  kernel: { name: 'vmlinuz', path: '/release/ab/kernel/6.12' },
  initramfs: [
    { name: 'tools.cpio', path: '/initramfs/tools/aa.cpio.zst' },
    { name: 'client.cpio', path: '/boot/k7m2qa/client.cpio' },
  ],
  commandLine: 'BOOTIF=01-52-54-00-12-34-56 quiet',
  variables: {},
}

test('pxelinuxConfig() has LABEL, KERNEL, INITRD in order and APPEND', () => {
  const config = pxelinuxConfig(PLAN, 'http://10.77.0.1', 'pc7 boots debian', 'pxelinux.cfg/01-52-54-00-12-34-56')
  assert.match(
    config,
    /LABEL netroot\n {2}KERNEL http:\/\/10\.77\.0\.1\/release\/ab\/kernel\/6\.12\n {2}INITRD http:\/\/10\.77\.0\.1\/initramfs\/tools\/aa\.cpio\.zst,http:\/\/10\.77\.0\.1\/boot\/k7m2qa\/client\.cpio\n {2}APPEND BOOTIF=01-52-54-00-12-34-56 quiet\n/,
  )
  assert.match(config, /ONERROR again\n[\s\S]*LABEL again\n {2}CONFIG pxelinux\.cfg\/01-52-54-00-12-34-56\n$/)
})

test('pxelinuxWait() asks again after five seconds', () => {
  assert.match(pxelinuxWait('busy\nLABEL x', 'pxelinux.cfg/default'), /^SAY netroot: busy LABEL x\n[\s\S]*TIMEOUT 50\n/)
})

test('pxelinuxLocal() goes on to the local disk', () => {
  assert.match(pxelinuxLocal('not served'), /DEFAULT local\n[\s\S]*LOCALBOOT -1\n$/)
})
