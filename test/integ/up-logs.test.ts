import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NAMED, preparedStore, UpNetwork } from './up-network.ts'
import { STEPS, WireBoot } from './up-wire-boot.ts'

// What machines say of their boots beside reports: whole logs over HTTP, lines by syslog; and to a server that forgot them.

async function begun(net: UpNetwork): Promise<WireBoot> {
  const boot = new WireBoot(await net.machine('pc', NAMED.mac), (await preparedStore()).digest)
  for (const [name, run] of STEPS) if (/iPXE$|^GET|client part/.test(name)) await run(boot)
  return boot
}

test('netroot up keeps the log that a machine sends, and what it says by syslog, for netroot why --log', async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  const boot = await begun(net)
  assert.equal(boot.value('NETROOT_SYSLOG'), '10.7.0.1:514')
  await writeFile(join(net.directory, 'log'), 'kernel:\n[0.1] Linux\ninit:\n\x1b[2Jno lease\n')
  const send = (to: string) =>
    boot.machine.status(['--data-binary', `@${join(net.directory, 'log')}`, `http://10.7.0.1/log/${to}`])
  assert.deepEqual([await send(boot.id), await send(`mac/${NAMED.mac}`)], [200, 200])
  assert.deepEqual([await send('zzzzzz'), await send('mac/52:54:00:99:99:99')], [404, 404])
  const line = '<27>Nov 21 08:00:00 pc7 netroot[x]: root refused'
  await boot.machine.run('bash', ['-c', 'printf %s "$0" >/dev/udp/10.7.0.1/514', line])
  await server.stdout.waitFor(/"type":"boot.log".*"source":"syslog"/)
  const { stdout } = await net.netroot(['why', NAMED.name, '--log', '--state', net.state])
  assert.match(stdout, /^its log, .*\nkernel:\n\[0\.1\] Linux\ninit:\n\[2Jno lease\n/)
  assert.match(stdout, /\nby syslog, .*\nerror: pc7 netroot: root refused\n$/)
})

test('netroot up refuses a log without end, and answers nothing to datagrams of anything', async (t) => {
  const net = await UpNetwork.make(t)
  const server = await net.up()
  const boot = await begun(net)
  await net.run('sh', ['-c', 'head -c 300000 /dev/zero | tr "\\0" x >"$0/log"', net.directory])
  const words = ['--data-binary', `@${join(net.directory, 'log')}`, `http://10.7.0.1/log/${boot.id}`]
  assert.equal(await boot.machine.status(words), 413)
  const flood = 'for i in 1 2 3 4 5 6 7 8; do head -c 1400 /dev/urandom >/dev/udp/10.7.0.1/514; done'
  assert.equal((await boot.machine.run('bash', ['-c', flood])).stdout, '')
  assert.equal(await boot.machine.report(boot.id, 'init\nuptime 1.02\n'), 200)
  assert.deepEqual(await server.stop(), { status: 0, signal: undefined })
})

test('netroot up leaves syslog to whoever has the port, and says so', async (t) => {
  const net = await UpNetwork.make(t)
  net.spawn(process.execPath, ['-e', "require('node:dgram').createSocket('udp4').bind(514, '10.7.0.1')"])
  await net.run('sh', ['-c', 'until ss -Hlun | grep -q :514; do sleep 0.1; done'])
  const server = await net.up()
  await server.stderr.waitFor(/takes no syslog from machines/)
  const boot = await begun(net)
  assert.doesNotMatch(boot.plan, /NETROOT_SYSLOG/)
})

test('netroot up goes on with the story of a boot that it has forgotten, once the machine names its card', async (t) => {
  const net = await UpNetwork.make(t)
  const first = await net.up()
  const boot = await begun(net)
  await first.stop()
  await net.run('sh', ['-c', 'rm -rf "$0"/*', net.state])
  await net.up()
  assert.equal(await boot.machine.report(boot.id, 'init\nuptime 1.02\n'), 202)
  assert.equal(await boot.machine.report(boot.id, `cards\nuptime 1.5\ncard eth0 ${NAMED.mac} e1000 b\n`), 200)
  assert.equal(await boot.machine.report(boot.id, 'switch\nuptime 2.6\ninit /sbin/init\nunknown-word rd.x=1\n'), 200)
  const { stdout } = await net.netroot(['boots', 'show', NAMED.name, '--state', net.state])
  assert.match(
    stdout,
    new RegExp(`^pc7 .* boot ${boot.id},[^]*cards: eth0[^]*starts /sbin/init[^]*not understood .*: rd\\.x=1`),
  )
})
