import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CARD, DhcpNetwork, type Machine } from './dhcp-network.ts'

async function network(t: TestContext): Promise<DhcpNetwork> {
  const made = await DhcpNetwork.make()
  t.after(() => made[Symbol.asyncDispose]())
  return made
}

test('serve dhcp gives each of five machines one address although a fifth of all packets is lost', async (t) => {
  const net = await network(t)
  await net.serve(['--state', join(net.directory, 'leases.db')])
  await net.run('nft', [LOSS])
  const machines = await Promise.all(Array.from({ length: 5 }, (_, n) => net.machine(`pc${n}`)))
  const first = await Promise.all(machines.map((machine) => patientUdhcpc(machine)))
  assert.equal(new Set(first).size, 5)
  assert.deepEqual(await Promise.all(machines.map((machine) => patientUdhcpc(machine))), first)
})

function isFailed(error: unknown): false {
  assert.match(String(error), /no lease, failing/)
  return false
}

/** In both directions, on the bridge: this kernel may have no netem. */
const LOSS = `table bridge loss {
  chain in { type filter hook input priority 0; udp dport 67 numgen random mod 5 0 drop; }
  chain out { type filter hook output priority 0; udp dport 68 numgen random mod 5 0 drop; }
}`

/** The address that udhcpc is given in the end: it begins again for as long as it gets none. */
async function patientUdhcpc(machine: Machine): Promise<string> {
  const options = ['udhcpc', '-i', CARD, '-f', '-q', '-t', '5', '-T', '1', '-A', '1', '-s', '/bin/true']
  const { stderr } = await machine.run('busybox', options)
  return /lease of (\S+) obtained/.exec(stderr)?.[1] ?? stderr
}

test('serve dhcp confirms nothing while its disk is full, says so, and goes on when there is room', async (t) => {
  const net = await network(t)
  const disk = '/var/lib'
  await net.run('mount', ['-t', 'tmpfs', '-o', 'size=200k', 'tmpfs', disk])
  const server = await net.serve(['--state', `${disk}/leases.db`])
  const [one, two] = await Promise.all([net.machine('pc1'), net.machine('pc2')])
  assert.equal(await one.udhcpc(), '10.7.0.100')
  await net.run('sh', ['-c', `cat /dev/zero >${disk}/full || true`])
  const options = ['udhcpc', '-i', CARD, '-f', '-n', '-q', '-t', '2', '-T', '1', '-s', '/bin/true']
  // the page of the disk that is begun has room for some lines more
  const isConfirmed = (): Promise<boolean> => two.run('busybox', options).then(() => true, isFailed)
  for (let n = 0; await isConfirmed(); n += 1) assert.ok(n < 50)
  await server.stderr.waitFor(/cannot answer DHCP message.*Cannot save leases/)
  await net.run('rm', [`${disk}/full`])
  assert.equal(await two.udhcpc(), '10.7.0.101')
  assert.equal(await one.udhcpc(), '10.7.0.100')
})

test('serve dhcp gives systemd-networkd the address that the initramfs had', async (t) => {
  const net = await network(t)
  await net.serve(['--router', '10.7.0.1'])
  const machine = await net.machine('pc1')
  assert.equal(await machine.udhcpc(['-V', 'netroot']), '10.7.0.100')
  await net.run('mkdir', ['-p', '/run/systemd/network', '/run/systemd/netif'])
  await net.run('sh', [
    '-c',
    `printf '[Match]\\nName=${CARD}\\n[Network]\\nDHCP=ipv4\\n' >/run/systemd/network/a.network`,
  ])
  // without udev: a read-only /sys tells it so
  const start = 'mount -o remount,ro /sys && SYSTEMD_LOG_TARGET=console exec /lib/systemd/systemd-networkd'
  const networkd = machine.spawn('sh', ['-c', start])
  await networkd.stderr.waitFor(/DHCPv4 address 10\.7\.0\.100\/24/, { timeoutMs: 20_000 })
})
