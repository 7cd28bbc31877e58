import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grubLocal, grubMenu } from './grub.ts'
import { firstScript, localScript, menuScript } from './ipxe.ts'
import { chooseName, keyOf, readChooseName } from './menu.ts'
import { pxelinuxLocal, pxelinuxMenu } from './pxelinux.ts'

const MENU = {
  title: 'pc7',
  timeoutSeconds: 10,
  entries: [
    { name: 'debian', label: 'debian' },
    { name: 'local', label: 'the own disk of this machine' },
  ],
}

test('readChooseName() takes apart what chooseName() made, and nothing that is no name', () => {
  const asked = chooseName('pxelinux.cfg/01-52-54-00-00-00-07', 'debian')
  assert.deepEqual(readChooseName(asked), { name: 'pxelinux.cfg/01-52-54-00-00-00-07', choice: 'debian' })
  for (const path of [
    'pxelinux.cfg/default',
    'a/choose/',
    'a/choose/../b',
    'a/choose/b c',
    `a/choose/${'x'.repeat(65)}`,
  ]) {
    assert.deepEqual(readChooseName(path), { name: path, choice: undefined }, path)
  }
})

test('keyOf() has a key for the first thirty-five entries', () => {
  assert.deepEqual([keyOf(0), keyOf(8), keyOf(9), keyOf(34), keyOf(35)], ['1', '9', 'a', 'z', undefined])
})

test('menuScript() keeps what was chosen in a setting that the first script tells from then on', () => {
  assert.equal(
    menuScript(MENU, 'http://10.0.0.1'),
    [
      '#!ipxe',
      ':menu',
      'menu netroot: pc7',
      'item --key 1 debian 1  debian',
      'item --key 2 local 2  the own disk of this machine',
      'choose --default debian --timeout 10000 choice || goto menu',
      ':again',
      'chain --replace http://10.0.0.1/boot.ipxe || goto gone',
      ':gone',
      'echo netroot: no answer from http://10.0.0.1; trying again in 5 s',
      'sleep 5',
      'goto again',
      '',
    ].join('\n'),
  )
  assert.match(firstScript('http://10.0.0.1'), /&choice=\$\{choice\}&/)
})

test('localScript() starts the disk of a BIOS, and leaves UEFI to its next entry', () => {
  assert.equal(
    localScript('pc7 starts from its own disk'),
    [
      '#!ipxe',
      'echo netroot: pc7 starts from its own disk',
      'iseq ${platform} efi && goto leave ||',
      'sanboot --no-describe --drive 0x80 ||',
      'echo netroot: there is no disk that this machine can start from',
      ':leave',
      'exit 1',
      '',
    ].join('\n'),
  )
})

test('pxelinuxMenu() asks anew under the name of the entry that is taken, or times out to the first', () => {
  assert.equal(
    pxelinuxMenu(MENU, 'pxelinux.cfg/default'),
    [
      'UI menu.c32',
      'DEFAULT debian',
      'PROMPT 1',
      'TIMEOUT 100',
      'MENU TITLE netroot: pc7',
      'MENU IMMEDIATE',
      'LABEL debian',
      '  MENU LABEL ^1  debian',
      '  CONFIG pxelinux.cfg/default/choose/debian',
      'LABEL local',
      '  MENU LABEL ^2  the own disk of this machine',
      '  CONFIG pxelinux.cfg/default/choose/local',
      '',
    ].join('\n'),
  )
  assert.match(pxelinuxLocal('x'), /^SAY netroot: x\nDEFAULT local\nPROMPT 0\nLABEL local\n {2}LOCALBOOT -1\n$/)
})

test('grubMenu() asks anew under the name of the entry that is taken, or times out to the first', () => {
  assert.equal(
    grubMenu(MENU, 'tftp,10.0.0.1', 'grub/grub.cfg-52:54:00:00:00:07'),
    [
      'set timeout=10',
      'set default=0',
      "menuentry '1  debian' --hotkey=1 {",
      '  configfile (tftp,10.0.0.1)/grub/grub.cfg-52:54:00:00:00:07/choose/debian',
      '}',
      "menuentry '2  the own disk of this machine' --hotkey=2 {",
      '  configfile (tftp,10.0.0.1)/grub/grub.cfg-52:54:00:00:00:07/choose/local',
      '}',
      '',
    ].join('\n'),
  )
  assert.equal(grubLocal('x'), "echo 'netroot: x'\nexit\n")
})
