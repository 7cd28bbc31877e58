import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { DhcpNetwork, RANGE, SERVER } from './dhcp-network.ts'

async function network(t: TestContext): Promise<DhcpNetwork> {
  const made = await DhcpNetwork.make()
  t.after(() => made[Symbol.asyncDispose]())
  return made
}

test('serve dhcp gives busybox udhcpc, dhclient and dhcpcd of one machine the same address', async (t) => {
  const net = await network(t)
  await net.serve()
  const machine = await net.machine('pc1')
  const address = await machine.udhcpc()
  assert.equal(address, '10.7.0.100')
  assert.equal(await machine.udhcpc(['-x', '61:00deadbeef']), address) // another client identifier
  assert.equal(await machine.dhcpcd(), address) // sends a DUID
  assert.equal(await machine.dhclient(), address)
})

test('serve dhcp tells what was asked for: router, name servers, boot file, lease time', async (t) => {
  const net = await network(t)
  await net.serve(['--router', SERVER, '--dns', `${SERVER},9.9.9.9`, '--boot-file', 'pxe.0', '--lease', '1200'])
  const machine = await net.machine('pc1')
  const script = join(net.directory, 'show.sh')
  await writeFile(script, '#!/bin/sh\n[ "$1" = bound ] && env >&2\nexit 0\n', { mode: 0o755 })
  const options = ['-i', 'eth0', '-f', '-q', '-n', '-O', 'bootfile', '-s', script]
  const { stderr } = await machine.run('busybox', ['udhcpc', ...options])
  const told = {
    router: SERVER,
    dns: `${SERVER} 9.9.9.9`,
    boot_file: 'pxe.0',
    siaddr: SERVER,
    lease: '1200',
    mask: '24',
  }
  for (const [name, value] of Object.entries(told)) assert.match(stderr, new RegExp(`^${name}=${value}$`, 'm'))
})

test('serve dhcp gives two machines two addresses', async (t) => {
  const net = await network(t)
  await net.serve()
  const machines = await Promise.all(['pc1', 'pc2', 'pc3'].map((name) => net.machine(name)))
  const addresses = await Promise.all(machines.map((machine) => machine.udhcpc()))
  assert.deepEqual(addresses.sort(), ['10.7.0.100', '10.7.0.101', '10.7.0.102'])
})

test('serve dhcp renews by unicast and takes a released address back', async (t) => {
  const net = await network(t)
  const server = await net.serve()
  const client = (await net.machine('pc1')).udhcpcDaemon()
  await client.stderr.waitFor(/lease of 10\.7\.0\.100 obtained/)
  await client.kill('SIGUSR1')
  await server.stderr.waitFor(/request \(renewing\): 10\.7\.0\.100/)
  await client.stderr.waitFor(/lease of 10\.7\.0\.100 obtained[^]*lease of 10\.7\.0\.100 obtained/)
  await client.kill('SIGUSR2')
  await server.stderr.waitFor(/release: 10\.7\.0\.100/)
})

test('serve dhcp takes the address that dhclient releases', async (t) => {
  const net = await network(t)
  const server = await net.serve()
  const machine = await net.machine('pc1')
  const address = await machine.dhclient()
  assert.equal(await machine.dhclient(['-r']), address)
  await server.stderr.waitFor(`release: ${address}`)
})

test('serve dhcp --state knows its leases after kill -9', async (t) => {
  const net = await network(t)
  const state = ['--state', join(net.directory, 'leases.db')]
  const [one, two, three] = await Promise.all([net.machine('pc1'), net.machine('pc2'), net.machine('pc3')])
  const first = await net.serve(state)
  assert.equal(await one.udhcpc(), '10.7.0.100')
  const running = two.udhcpcDaemon()
  await running.stderr.waitFor(/lease of 10\.7\.0\.101 obtained/)
  await first.kill('SIGKILL')
  await first.exited
  const second = await net.serve(state)
  assert.equal(await three.udhcpc(), '10.7.0.102') // not one of those that are taken
  assert.equal(await one.udhcpc(), '10.7.0.100')
  await running.kill('SIGUSR1')
  await second.stderr.waitFor(/request \(renewing\): 10\.7\.0\.101/)
})

test('serve dhcp names the second server whose offer a machine took', async (t) => {
  const net = await network(t)
  const server = await net.serve()
  const other = await net.machine('router')
  await other.run('ip', ['addr', 'add', '10.7.0.2/24', 'dev', 'eth0'])
  const dnsmasq = other.spawn('dnsmasq', [...DNSMASQ, '--interface=eth0', '--dhcp-range=10.7.0.50,10.7.0.60'])
  await dnsmasq.stderr.waitFor('IP range 10.7.0.50')
  const machine = await net.machine('pc1')
  const configuration = join(net.directory, 'dhclient.conf')
  await writeFile(configuration, `reject ${SERVER};\n`)
  assert.match(await machine.dhclient(['-cf', configuration]), /^10\.7\.0\.[56]\d$/)
  await server.stderr.waitFor(/request: no answer, it took the offer of 10\.7\.0\.2/)
})

test('serve dhcp answers a machine with a lease after a flood of random bytes and of strangers', async (t) => {
  const net = await network(t)
  const server = await net.serve()
  const [machine, attacker] = await Promise.all([net.machine('pc1'), net.machine('pc2')])
  const address = await machine.udhcpc()
  await attacker.run(process.execPath, ['--eval', FLOOD])
  assert.equal(await machine.udhcpc(['-t', '15']), address)
  await server.stderr.waitFor('discover: no answer, no address is free: all 51 of the range')
  assert.doesNotMatch(server.stderr.text, /rror/)
})

test('serve dhcp works on a Node without FFI', async (t) => {
  const net = await network(t)
  const server = await net.serve([], { NETROOT_NO_FFI: '1' })
  await server.stderr.waitFor('this Node cannot bind to an interface')
  assert.equal(await (await net.machine('pc1')).udhcpc(), '10.7.0.100')
})

test('serve dhcp says which program has port 67', async (t) => {
  const net = await network(t)
  const dnsmasq = net.spawn('dnsmasq', [...DNSMASQ, '--interface=br0', '--dhcp-range=10.7.0.50,10.7.0.60'])
  await dnsmasq.stderr.waitFor('IP range 10.7.0.50')
  const { status, stderr } = await net.netroot(['serve', 'dhcp', '--interface', 'br0', '--range', RANGE])
  assert.equal(status, 1)
  assert.match(stderr, /^netroot: Cannot serve DHCP on br0: UDP port 67 is in use by dnsmasq \(pid \d+\); stop it/)
})

test('serve dhcp says which right is missing', async (t) => {
  const net = await network(t)
  const unprivileged = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--no-new-privs']
  const { status, stderr } = await net.netroot(['serve', 'dhcp', '--interface', 'br0', '--range', RANGE], unprivileged)
  assert.equal(status, 77)
  assert.match(stderr, /no permission for UDP port 67; run it as root, or with CAP_NET_BIND_SERVICE/)
})

const WRONG: readonly [string, readonly string[], RegExp][] = [
  [
    'an unknown interface',
    ['br7', RANGE],
    /there is none, want one of lo \(127\.0\.0\.1\/8\), .*br0 \(10\.7\.0\.1\/24\)/,
  ],
  ['a range outside the network', ['br0', '10.9.0.1-10.9.0.9'], /it is outside 10\.7\.0\.0\/24, the network of br0/],
  ['a range that is reversed', ['br0', '10.7.0.9-10.7.0.2'], /it is reversed, want 10\.7\.0\.2-10\.7\.0\.9/],
  ['the server in the range', ['br0', '10.7.0.1-10.7.0.9'], /it holds 10\.7\.0\.1, the server's own address/],
]
test('serve dhcp refuses what cannot work, with status 2', async (t) => {
  const net = await network(t)
  for (const [what, [name = '', range = ''], message] of WRONG) {
    const { status, stderr } = await net.netroot(['serve', 'dhcp', '--interface', name, '--range', range])
    assert.equal(status, 2, what)
    assert.match(stderr, message)
  }
})

const DNSMASQ = ['--no-daemon', '--port=0', '--bind-interfaces', '--leasefile-ro', '--no-ping', '--conf-file=/dev/null']

/** 20 000 broadcasts: random bytes, and DISCOVERs of random machines whose options are random in every second one. */
const FLOOD = `
const { execSync } = require('node:child_process')
const { randomBytes } = require('node:crypto')
const head = () => Buffer.concat([Buffer.from('01010600', 'hex'), Buffer.alloc(24), randomBytes(6), Buffer.alloc(202)])
const discover = () => Buffer.concat([head(), Buffer.from('63825363350101', 'hex')])
const datagrams = [
  (n) => randomBytes(n % 600),
  () => discover(),
  (n) => randomBytes(n % 600),
  (n) => Buffer.concat([discover(), randomBytes(n % 300)]),
]
execSync('ip addr add 10.7.0.99/24 dev eth0 && ip route add default dev eth0')
const socket = require('node:dgram').createSocket('udp4')
socket.bind(0, async () => {
  socket.setBroadcast(true)
  for (let n = 0; n < 20000; n += 1) {
    await new Promise((resolve, reject) =>
      socket.send(datagrams[n % 4](n), 67, '255.255.255.255', (error) => (error ? reject(error) : resolve())),
    )
  }
  socket.close()
  execSync('ip addr flush dev eth0')
})`
