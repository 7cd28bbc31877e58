import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed, storyText, typesOf } from './served.ts'

/*
 * One boot of a machine that nobody named, by BIOS: from power-on through the login prompt, a server that is killed
 * under it, to power-off. The tests below look at this one machine, in this order.
 */

let served: ServedLab
let machine: Machine
let session: Session

before(async () => {
  served = await serveDebian()
  machine = await served.lab.powerOn({ name: 'unknown1', firmware: 'bios', memoryMiB: 1024, cpus: 2 })
  session = await Session.login(machine)
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

test('a machine that nobody named boots from PXE to its login prompt, with no question asked [FB2, FB8, FB25, FB66, JS1]', async () => {
  await eventOf(served, 'nfs.traffic')
  const types = typesOf(served.events)
  // The machine reports while it goes on: what it says and what the server sees are ordered each by itself.
  assert.deepEqual(
    types.filter((type) => type.startsWith('report.')),
    ['report.init', 'report.cards', 'report.lease', 'report.root', 'report.handover', 'report.switch', 'report.alive'],
  )
  assert.deepEqual(
    types.filter((type) => !type.startsWith('report.')),
    ['dhcp.discover', 'dhcp.offer', 'dhcp.ack', 'http.file', 'boot.drivers', 'nfs.mount', 'boot.log', 'nfs.traffic'],
  )
})

test('its drivers are those of the card that its own iPXE told, and its log is kept', async () => {
  const { scope, devices, bytes } = await eventOf(served, 'boot.drivers')
  assert.deepEqual([scope, devices], ['fitted', ['1af4:1000']])
  assert.ok(bytes < 4_000_000, `${bytes} bytes`)
  const log = await run(NETROOT, ['why', machine.macs[0] ?? '', '--log', '--state', served.stateDirectory])
  assert.match(log.toString(), /^its log, [^]*kernel:\n[^]*Linux version[^]*init:\n/)
})

test('the machine reports itself alive with nothing failed', async () => {
  const alive = await eventOf(served, 'report.alive')
  assert.equal(alive.state, 'running', await session.run('systemctl --failed --no-pager --plain'))
  assert.match(alive.hostname ?? '', /^pc-525400[0-9a-f]{6}$/)
})

test('what the machine read of its root is told', async () => {
  const traffic = await eventOf(served, 'nfs.traffic')
  assert.ok(traffic.bytes > 1_000_000 && traffic.calls > 100)
})

test('iPXE does not wait for an IPv6 router where there is none', () => {
  const of = (type: string): number => served.events.find(({ event }) => event.type === type)?.event.at ?? 0
  assert.ok(of('http.file') - of('dhcp.ack') < 8000, 'iPXE waited 8 s or more for its first script')
})

test('each stage of the boot is known by its own DHCP client', () => {
  const speakers = served.events.flatMap(({ event }) => (event.type === 'dhcp.ack' ? [event.speaker] : []))
  assert.deepEqual([...new Set(speakers)], ['ipxe', 'initramfs', 'keeper'])
})

test('the card is driven by the driver its PCI id calls for [FB3, FB6]', async () => {
  const { cards, missing } = await eventOf(served, 'report.cards')
  assert.deepEqual(
    cards.map(({ driver, mac }) => [driver, mac]),
    [['virtio_net', machine.macs[0]]],
  )
  assert.deepEqual(missing, [])
})

test('the root is the release, read-only, with memory above it for writes [FB18, HT39]', async () => {
  assert.match(await session.run('findmnt -n -o FSTYPE /'), /overlay/)
  await session.run('echo changed > /etc/issue.net && rm /usr/bin/less && mkdir /srv/new')
  assert.match(await session.run('cat /etc/issue.net'), /changed/)
})

test('users other than root run programs from the root', async () => {
  assert.match(await session.run('setpriv --reuid nobody --clear-groups id -un'), /nobody/)
  assert.match(await session.run('systemctl is-active dbus ssh'), /active\s+active/)
})

test('the host name reaches the real system [DB23, DB25]', async () => {
  assert.match(await session.run('cat /etc/hostname; hostname'), /^(pc-525400[0-9a-f]{6})\s+\1$/)
})

test('the name servers of the lease reach the real system [DB21, DB25, HT11, HT60]', async () => {
  assert.match(await session.run('cat /etc/resolv.conf'), /nameserver 10\.77\.0\.53/)
})

test('the lease is kept by a renewer of its own, and no manager touches the card [FB30, FB67, HT44, HT46, AW36]', async () => {
  const { address } = await eventOf(served, 'dhcp.ack')
  assert.match(await session.run('systemctl is-active netroot-lease'), /^active/)
  assert.match(await session.run('ip -4 -o addr show scope global'), new RegExp(`${address}/24`))
  await session.run('systemctl restart systemd-networkd && sleep 3 && systemctl is-active systemd-networkd')
  assert.match(await session.run('ip -4 -o addr show scope global'), new RegExp(`${address}/24`))
})

test('the system makes nothing anew that the image has from its packages', async () => {
  const units = 'ldconfig systemd-journal-catalog-update systemd-sysusers systemd-update-done'
  const said = await session.run(`for unit in ${units}; do systemctl show -P ConditionResult $unit.service; done`)
  assert.deepEqual(said.split(/\s+/), ['no', 'no', 'no', 'no'])
})

test('the memory of the initramfs is given back, but for the renewer [FB54, HT45]', async () => {
  assert.doesNotMatch(await session.run('mount'), /type (?:rootfs|ramfs) /)
  const kib = Number(await session.run('du -skx /run/netroot | cut -f1'))
  assert.ok(kib > 0 && kib < 3000, `${kib} KiB stay in /run/netroot`)
})

test('the machine goes on when the server is killed while it reads, and started again [JS18]', async () => {
  const file = '/usr/lib/x86_64-linux-gnu /usr/share'
  const sum = `find ${file} -xdev -type f -print0 | sort -z | head -z -n 1500 | xargs -0 cat | md5sum`
  await session.run('echo 3 > /proc/sys/vm/drop_caches')
  const first = session.run(sum, { timeoutMs: BOOT_MS })
  await sleep(1500)
  await served.kill()
  await sleep(3000)
  await served.start()
  const whileKilled = await first
  await session.run('echo 3 > /proc/sys/vm/drop_caches')
  assert.equal(await session.run(sum, { timeoutMs: BOOT_MS }), whileKilled)
  assert.match(await storyText(served), /the server was started again/)
})

test('poweroff ends cleanly within 30 s, and the story says so [HT43, AW38]', async () => {
  session.type('poweroff')
  const began = performance.now()
  const { reason } = await machine.exited
  assert.equal(reason, 'shutdown')
  assert.ok(performance.now() - began < 30_000, 'it took longer than 30 s')
  assert.equal((await eventOf(served, 'report.shutdown', { timeoutMs: 5000 })).kind, 'poweroff')
})
