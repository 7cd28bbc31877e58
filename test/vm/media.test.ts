import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { eventOf, serveDebian, showWhatFailed } from './served.ts'

/* Machines whose cards have no ROM and whose firmware is told to start from a CD or a USB stick. */

let served: ServedLab
before(async () => {
  served = await serveDebian()
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

async function medium(name: string, ...options: string[]): Promise<string> {
  const file = join(served.lab.directory, name)
  const { store } = await debianRelease()
  const args = ['media', 'build', '--server', 'http://10.77.0.1', '-o', file, '--store', store.directory, ...options]
  await run(NETROOT, args)
  return file
}

describe('netroot media build', { timeout: 600_000 }, () => {
  test('a BIOS machine boots from the CD and asks the server for the rest [AW5, AW6]', async () => {
    const drive = `if=ide,media=cdrom,readonly=on,file=${await medium('cd.iso')}`
    const machine = await served.lab.powerOn({
      name: 'cd1',
      cards: [{ model: 'e1000', rom: 'none' }],
      extraArgs: ['-drive', drive, '-boot', 'd'],
    })
    assert.equal((await eventOf(served, 'report.switch')).type, 'report.switch')
    const loaders = served.events.filter(({ event }) => event.type === 'tftp.file')
    assert.deepEqual(loaders, [], 'nothing comes over TFTP')
    await machine.quit()
  })

  test('a UEFI machine without DHCP boots from a USB stick, with an address of its own, to its root [AW5]', async () => {
    const from = served.events.length
    const stick = await medium('stick.iso', '--address', '10.77.0.44/24')
    const machine = await served.lab.powerOn({
      name: 'usb1',
      firmware: 'uefi',
      cards: [{ model: 'e1000', rom: 'none', bootIndex: 9 }],
      extraArgs: [
        '-device',
        'qemu-xhci',
        '-drive',
        `if=none,id=stick,format=raw,readonly=on,file=${stick}`,
        '-device',
        'usb-storage,drive=stick,bootindex=0',
      ],
    })
    const script = await eventOf(served, 'http.file', { from })
    assert.match(script.path, /boot\.ipxe|\/ipxe/)
    const root = await eventOf(served, 'report.switch', { from })
    assert.equal(root.type, 'report.switch')
    const events = served.events.slice(from).map(({ event }) => event)
    assert.deepEqual(
      events.filter(({ type }) => type.startsWith('dhcp.')),
      [],
      'neither iPXE nor the initramfs asks for an address',
    )
    const lease = events.find((event) => event.type === 'report.lease')
    assert.equal(lease?.address, '10.77.0.44')
    await machine.quit()
  })
})
