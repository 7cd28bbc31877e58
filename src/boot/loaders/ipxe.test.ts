import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { BootPlan } from '../plan.ts'
import { autoexecScript, bootScript, firstScript, refusalScript, staticScript, waitScript } from './ipxe.ts'

const PLAN: BootPlan = {
  kernel: { name: 'vmlinuz', path: '/release/ab/kernel/6.12' },
  initramfs: [
    { name: 'tools.cpio', path: '/initramfs/aa.cpio.zst' },
    { name: 'client.cpio', path: '/boot/k7m2qa/client.cpio' },
  ],
  commandLine: 'BOOTIF=01-52-54-00-12-34-56 quiet',
  variables: {},
}

test('bootScript() names every initramfs file on the command line, in order', () => {
  const script = bootScript(PLAN, 'http://10.77.0.1', 'pc7 boots debian')
  assert.match(script, /^#!ipxe\n/)
  assert.match(
    script,
    /kernel --name vmlinuz http:\/\/10\.77\.0\.1\/release\/ab\/kernel\/6\.12 initrd=tools\.cpio initrd=client\.cpio BOOTIF/,
  )
  assert.match(script, /initrd --name client\.cpio http:\/\/10\.77\.0\.1\/boot\/k7m2qa\/client\.cpio \|\| goto failed/)
})

test('bootScript() asks anew what to boot when a file cannot be fetched, after pauses that rise', () => {
  const pauses = [0, 1, 2, 3, 4, 1000].map((failed) => {
    const script = bootScript(PLAN, 'http://10.77.0.1', 'x', failed)
    const [, next, pause] =
      /\n:failed\nimgfree\nset failed (\d+)\necho .*\nsleep (\d+)\n:again\nchain/.exec(script) ?? []
    assert.equal(Number(next), failed + 1)
    return Number(pause)
  })
  assert.deepEqual(pauses, [5, 10, 20, 40, 40, 40])
})

test('waitScript() and bootScript() never end, or the machine would boot something else', () => {
  const ending = /:again\nchain --replace http:\/\/a\/boot\.ipxe \|\| goto gone\n:gone\necho .*\nsleep 5\ngoto again\n$/
  assert.match(waitScript('later', 'http://a'), ending)
  assert.match(bootScript(PLAN, 'http://a', 'x'), ending)
})

test('firstScript() tells the card that the machine booted from', () => {
  assert.match(firstScript('http://10.77.0.1'), /mac=\$\{netX\/mac\}&uuid=\$\{uuid\}&busid=\$\{netX\/busid\}/)
})

test('refusalScript() lets no word act as a command of iPXE', () => {
  assert.match(
    refusalScript('no profile "x" || reboot ; ${uuid}', 10),
    /^#!ipxe\necho netroot: no profile {2}x {5}reboot/,
  )
})

test('autoexecScript() configures the card by DHCP alone and asks for the first script', () => {
  assert.match(
    autoexecScript('http://10.77.0.1'),
    /^#!ipxe\n:configure\ndhcp \|\| goto failed\nchain [^\n]*http:\/\/10\.77\.0\.1\/boot\.ipxe/,
  )
})

test('staticScript() gives the card its address before it asks the server', () => {
  const script = staticScript('http://10.77.0.1', {
    address: { address: '10.77.0.44', prefix: 24 },
    router: '10.77.0.254',
  })
  assert.match(
    script,
    /set netX\/ip 10\.77\.0\.44\nset netX\/netmask 255\.255\.255\.0\nset netX\/gateway 10\.77\.0\.254\nchain [^\n]*boot\.ipxe/,
  )
  assert.doesNotMatch(script, /^dhcp/m)
  assert.match(script, /^set static 10\.77\.0\.44\/24,10\.77\.0\.254$/m, 'the server puts it on the command line')
  assert.match(firstScript('http://10.77.0.1'), /&static=\$\{static\}/)
})
