import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { CARD, DhcpNetwork, FAR_CARD, type Machine, SERVER } from './dhcp-network.ts'

/** Behind the router: a bridge that the host has no address on. */
const RELAYED = '10.9.0.0/24=10.9.0.100-10.9.0.150,10.9.0.1'

async function network(t: TestContext): Promise<DhcpNetwork> {
  const made = await DhcpNetwork.make()
  t.after(() => made[Symbol.asyncDispose]())
  return made
}

/** A relay between the server and a machine that cannot reach it otherwise. */
async function behindRelay(t: TestContext, relayOptions: readonly string[] = []) {
  const net = await network(t)
  await net.bridge('br9')
  const router = await net.router('router', 'br9', '10.9.0.1/24')
  const relay = router.spawn('dhcrelay', ['-4', '-d', ...relayOptions, '-id', FAR_CARD, '-iu', CARD, SERVER])
  await relay.stderr.waitFor('Sending on   Socket/fallback')
  return { net, machine: await net.machine('pc9', 'br9') }
}

test('serve dhcp serves two interfaces at once, each with its range and its own address as server', async (t) => {
  const net = await network(t)
  await net.bridge('br1', '10.8.0.1/24')
  await net.serve(['--interface', 'br1', '--range', '10.8.0.50-10.8.0.60', '--router', `${SERVER},10.8.0.1`])
  const here = await net.machine('pc1')
  const there = await net.machine('pc2', 'br1')
  assert.deepEqual(await told(here), { address: '10.7.0.100', router: SERVER, server: SERVER })
  assert.deepEqual(await told(there), { address: '10.8.0.50', router: '10.8.0.1', server: '10.8.0.1' })
})

test('serve dhcp answers a relay, whose machine renews by unicast and asks again after kill -9', async (t) => {
  const { net, machine } = await behindRelay(t)
  const state = ['--relayed', RELAYED, '--state', join(net.directory, 'leases.db')]
  const server = await net.serve(state)
  assert.deepEqual(await told(machine), { address: '10.9.0.100', router: '10.9.0.1', server: SERVER })
  const client = machine.udhcpcDaemon()
  await client.stderr.waitFor(/lease of 10\.9\.0\.100 obtained/)
  await machine.run('ip', ['route', 'add', 'default', 'via', '10.9.0.1'])
  await server.kill('SIGKILL')
  await server.exited
  const again = await net.serve(state)
  await client.kill('SIGUSR1')
  await again.stderr.waitFor(/request \(renewing\): 10\.9\.0\.100/)
  await client.stderr.waitFor(/obtained[^]*lease of 10\.9\.0\.100 obtained/)
  assert.equal(await (await net.machine('pc1')).udhcpc(), '10.7.0.100') // the one that is not relayed
})

test('serve dhcp gives a relay its option 82 back, without which it throws the answer away', async (t) => {
  const { net, machine } = await behindRelay(t, ['-a', '-D']) // appends the option, drops answers without it
  await net.serve(['--relayed', RELAYED])
  assert.equal(await machine.udhcpc(), '10.9.0.100')
  assert.equal(await machine.dhclient(), '10.9.0.100')
})

test('serve dhcp says so when it is asked for a network that nobody named', async (t) => {
  const { net, machine } = await behindRelay(t)
  const server = await net.serve()
  const client = machine.udhcpcDaemon()
  await server.stderr.waitFor(
    'discover: no answer, no network that holds 10.9.0.1 is configured here, and it asks through the relay 10.9.0.1',
  )
  await client.kill()
})

test('serve dhcp offers no address that somebody took without asking', async (t) => {
  const net = await network(t)
  const squatter = await net.machine('squatter')
  await squatter.run('ip', ['addr', 'add', '10.7.0.100/24', 'dev', CARD])
  const server = await net.serve()
  assert.equal(await (await net.machine('pc1')).udhcpc(), '10.7.0.101')
  await server.stderr.waitFor(/10\.7\.0\.100 is in use by (\w\w:){5}\w\w, which was not given it here; put aside/)
})

test('serve dhcp --no-probe leaves that to the machine, and puts aside what it declines', async (t) => {
  const net = await network(t)
  const squatter = await net.machine('squatter')
  await squatter.run('ip', ['addr', 'add', '10.7.0.100/24', 'dev', CARD])
  const server = await net.serve(['--no-probe'])
  const machine = await net.machine('pc1')
  const options = ['-i', CARD, '-f', '-q', '-n', '-a', '-A', '1', '-s', '/bin/true'] // looks by ARP itself
  const { stderr } = await machine.run('busybox', ['udhcpc', ...options])
  assert.match(stderr, /10\.7\.0\.100 obtained[^]*declining[^]*lease of 10\.7\.0\.101 obtained/)
  await server.stderr.waitFor('decline: 10.7.0.100')
})

/** What busybox udhcpc says that it was told. */
async function told(machine: Machine): Promise<{ address: string; router: string; server: string }> {
  const script = '#!/bin/sh\n[ "$1" = bound ] && echo "told $ip $router $serverid" >&2\nexit 0\n'
  const file = `/run/${machine.name}.told`
  await machine.run('sh', ['-c', 'printf %s "$0" >"$1" && chmod 755 "$1"', script, file])
  const { stderr } = await machine.run('busybox', ['udhcpc', '-i', CARD, '-f', '-q', '-n', '-t', '5', '-s', file])
  const [, address = '', router = '', server = ''] = /^told (\S+) (\S+) (\S+)$/m.exec(stderr) ?? []
  return { address, router, server }
}
