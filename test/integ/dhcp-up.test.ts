import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CARD, CONFIG, UpNetwork } from './up-network.ts'

const MAC = '52:54:00:00:00:41'

test('up serves a second interface with its own range and its own address in every script', async (t) => {
  const net = await UpNetwork.make(t)
  for (const args of [
    ['link', 'add', 'br1', 'type', 'bridge'],
    ['addr', 'add', '10.8.0.1/24', 'dev', 'br1'],
    ['link', 'set', 'br1', 'up'],
  ]) {
    await net.run('ip', args)
  }
  const networks = 'networks: [{ interface: br1, range: 10.8.0.50-10.8.0.60, router: 10.8.0.1 }]\n'
  await net.up({ config: CONFIG + networks })
  const there = await net.machine('there', MAC, 'br1')
  const offered = await there.dhcp('discover')
  assert.deepEqual([offered?.type, offered?.address], ['offer', '10.8.0.50'])
  assert.match(offered?.bootFile ?? '', /^http:\/\/10\.8\.0\.1\//)
  assert.equal(await there.udhcpc(), '10.8.0.50')
  await there.run('ip', ['addr', 'add', '10.8.0.50/24', 'dev', CARD])
  const script = (await there.get(`http://10.8.0.1/ipxe?mac=${MAC}`)).toString()
  assert.match(script, /http:\/\/10\.8\.0\.1\/release\//)
  assert.match(script, /nfs:\/\/10\.8\.0\.1|netroot\.server=http:\/\/10\.8\.0\.1/)
  assert.doesNotMatch(script, /10\.7\.0\.1/)
  const here = await net.machine('here', '52:54:00:00:00:42')
  assert.match((await here.dhcp('discover'))?.bootFile ?? '', /^http:\/\/10\.7\.0\.1\//)
})

test('up says where in netroot.yaml a network stands that it cannot serve', async (t) => {
  const net = await UpNetwork.make(t)
  const networks = 'networks:\n  - interface: br9\n    range: 10.8.0.50-10.8.0.60\n'
  const { status, stderr } = await net.upFails({ config: CONFIG + networks })
  assert.equal(status, 2)
  assert.match(stderr, /netroot\.yaml:\d+:16: .*"br9": there is none, want one of/)
})

test('up with dhcp: auto leaves addresses to dnsmasq, boots machines all the same, and says who gave them [AW7]', async (t) => {
  const net = await UpNetwork.make(t)
  const router = await net.machine('router', '52:54:00:00:00:43')
  await router.run('ip', ['addr', 'add', '10.7.0.2/24', 'dev', CARD])
  const options = ['--no-daemon', '--port=0', '--leasefile-ro', '--conf-file=/dev/null']
  const dnsmasq = router.spawn('dnsmasq', [...options, '--dhcp-range=10.7.0.50,10.7.0.60'])
  await dnsmasq.stderr.waitFor('IP range 10.7.0.50')
  const server = await net.up({ config: `dhcp: auto\n${CONFIG}` })
  await server.stderr.waitFor('another DHCP server answers on br0: 10.7.0.2; it gives the addresses now')
  const machine = await net.machine('pc1', MAC)
  assert.match(await machine.udhcpc(), /^10\.7\.0\.[56]\d$/)
  await server.stdout.waitFor(/"type":"dhcp.other-server"[^\n]*"server":"10\.7\.0\.2"/)
  await dnsmasq.kill() // else its answer might be the first; for a minute it is believed to be restarting
  await dnsmasq.exited
  const offered = await machine.dhcp('discover')
  assert.equal(offered?.address, '0.0.0.0')
  assert.match(offered?.bootFile ?? '', /^http:\/\/10\.7\.0\.1\//)
})
