import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import type { BootPlan } from '../plan.ts'
import { grubFirstScript, grubRefusal, grubScript } from './grub.ts'

const PLAN: BootPlan = {
  kernel: { name: 'vmlinuz', path: '/release/ab/kernel/6.12' },
  initramfs: [
    { name: 'tools.cpio', path: '/initramfs/tools/aa.cpio.zst' },
    { name: 'client.cpio', path: '/boot/k7m2qa/client.cpio' },
  ],
  commandLine: `BOOTIF=01-52-54-00-12-34-56 note="it's; $here" quiet`,
  variables: {},
}

test('grubFirstScript() goes on to the script of the card, and asks again when there is none', () => {
  assert.match(
    grubFirstScript('tftp,10.77.0.1'),
    /^configfile \(tftp,10\.77\.0\.1\)\/grub\/grub\.cfg-\$net_default_mac\n[\s\S]*sleep 5\nconfigfile \(tftp,10\.77\.0\.1\)\/grub\/grub\.cfg\n$/,
  )
})

test('grubScript() fetches kernel and parts in order from the server that it names', () => {
  const script = grubScript(PLAN, 'tftp,10.77.0.1', 'pc7 boots debian')
  assert.match(script, /if linux '\(tftp,10\.77\.0\.1\)\/release\/ab\/kernel\/6\.12' BOOTIF=01-52-54-00-12-34-56 /)
  assert.match(
    script,
    /if initrd '\(tftp,10\.77\.0\.1\)\/initramfs\/tools\/aa\.cpio\.zst' '\(tftp,\S+client\.cpio'; then boot/,
  )
})

test('grubScript() quotes words so that a shell gives them back', () => {
  const line = grubScript(PLAN, 'tftp,10.77.0.1', 'x').split('\n')[1] ?? ''
  const words = line.slice(line.indexOf('BOOTIF'), line.lastIndexOf(';'))
  const said = execFileSync('sh', ['-c', `printf '%s ' ${words}`], { encoding: 'utf8' })
  assert.equal(said.trim(), PLAN.commandLine)
})

test('grubRefusal() leaves to the firmware what comes next', () => {
  assert.match(grubRefusal("it's not served", 10), /^echo 'netroot: it'\\''s not served'\nsleep 10\nexit\n$/)
})
