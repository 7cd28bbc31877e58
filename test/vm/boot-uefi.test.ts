import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed, storyText } from './served.ts'

/* One boot of a client that netroot.yaml names, by UEFI's own PXE, then a second one by `reboot`. */

const MAC = '52:54:00:77:00:07'
let served: ServedLab
let machine: Machine
let session: Session

before(async () => {
  served = await serveDebian({
    firmware: 'uefi',
    config: `clients:\n  pc7:\n    mac: ${MAC}\n    address: 10.77.0.7\n    cmdline: netroot-test=pc7`,
  })
  machine = await served.lab.powerOn({ name: 'pc7', firmware: 'uefi', memoryMiB: 1024, cpus: 2, cards: [{ mac: MAC }] })
  session = await Session.login(machine)
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('a named client gets its fixed address in firmware, iPXE, initramfs and system [HT30]', async () => {
  await eventOf(served, 'report.alive')
  // a request that is repeated, or a keeper that udev's renaming made start again, is answered again
  const addresses = new Set(
    served.events.flatMap(({ event }) => (event.type === 'dhcp.ack' ? [`${event.speaker} ${event.address}`] : [])),
  )
  assert.deepEqual([...addresses], ['firmware 10.77.0.7', 'ipxe 10.77.0.7', 'initramfs 10.77.0.7', 'keeper 10.77.0.7'])
})

test('UEFI firmware fetches the loader over TFTP, and asks for its size first', async () => {
  const files = served.events.flatMap(({ event }) => (event.type === 'tftp.file' ? [[event.name, event.outcome]] : []))
  assert.deepEqual(files.slice(0, 3), [
    ['snponly.efi', 'aborted'],
    ['snponly.efi', 'sent'],
    ['autoexec.ipxe', 'sent'],
  ])
})

test('the name of the client is the name of the machine', async () => {
  assert.match(await session.run('hostname; hostname -f; getent hosts pc7'), /^pc7\s+pc7\.lab\.example\s/)
  assert.equal((await eventOf(served, 'report.alive')).hostname, 'pc7')
})

test('the words of the client stand on the kernel command line', async () => {
  assert.match(await session.run('cat /proc/cmdline'), /netroot-test=pc7/)
})

test('the story of the boot reads from firmware to alive', async () => {
  const story = await storyText(served, 'pc7')
  assert.match(story, /firmware asks for an address \(UEFI/)
  assert.match(story, /snponly\.efi sent[\s\S]*kernel sent[\s\S]*root mounted[\s\S]*alive as pc7/)
})

test('reboot restarts the machine within 30 s, and its next boot is another one in the list [HT43]', async () => {
  const [first] = served.events
  const seen = served.events.length
  const from = machine.console.position
  session.type('reboot')
  await machine.console.waitFor('reboot: Restarting system', { from, timeoutMs: 30_000 })
  const shutdown = await eventOf(served, 'report.shutdown', { from: seen })
  assert.equal(shutdown.kind, 'reboot')
  const next = await served.waitForEvent(({ event }) => event.type === 'dhcp.discover', {
    from: seen,
    timeoutMs: BOOT_MS,
  })
  assert.notEqual(next.boot, first?.boot)
  await eventOf(served, 'report.root', { from: seen })
})
