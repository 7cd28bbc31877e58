import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { DhcpNetwork, type Machine, SERVER } from './dhcp-network.ts'

const STEP = fileURLToPath(new URL('up-dhcp-step.ts', import.meta.url))
const MAC = '52:54:00:00:00:41'
const BOOT = ['--boot-file', 'snponly.efi']

/** A network with a router, on which dnsmasq can be started and stopped. */
async function withRouter(t: TestContext) {
  const net = await DhcpNetwork.make()
  t.after(() => net[Symbol.asyncDispose]())
  const router = await net.machine('router')
  await router.run('ip', ['addr', 'add', '10.7.0.2/24', 'dev', 'eth0'])
  const dnsmasq = async (): Promise<LabProcess> => {
    const options = ['--no-daemon', '--port=0', '--leasefile-ro', '--conf-file=/dev/null', '--log-dhcp']
    const other = router.spawn('dnsmasq', [...options, '--dhcp-range=10.7.0.50,10.7.0.60'])
    await other.stderr.waitFor('IP range 10.7.0.50')
    return other
  }
  return { net, dnsmasq, machine: await net.machine('pc1') }
}

/** What we alone answer to one DISCOVER of iPXE; undefined for nothing. */
async function answerOf(machine: Machine) {
  const node = ['--disable-warning=ExperimentalWarning', STEP]
  const { stdout } = await machine.run(process.execPath, [...node, 'eth0', MAC, 'discover', '', SERVER])
  return stdout === '' ? undefined : (JSON.parse(stdout) as { address: string; bootFile: string; server?: string })
}

test('serve dhcp --proxy names the boot file and leaves the address to dnsmasq', async (t) => {
  const { net, dnsmasq, machine } = await withRouter(t)
  const server = await net.serve(['--proxy', ...BOOT])
  const offered = await answerOf(machine)
  assert.deepEqual([offered?.address, offered?.bootFile, offered?.server], ['0.0.0.0', 'snponly.efi', SERVER])
  const other = await dnsmasq()
  assert.match(await machine.udhcpc(), /^10\.7\.0\.[56]\d$/)
  await server.stderr.waitFor('discover: no answer, another server gives addresses here')
  await server.stderr.waitFor('request: no answer, it took the offer of 10.7.0.2')
  await other.kill()
})

test('serve dhcp --auto gives addresses until dnsmasq comes, and again when it has gone', async (t) => {
  const { net, dnsmasq, machine } = await withRouter(t)
  const server = await net.serve(['--auto', '--probe-every', '1', ...BOOT])
  assert.equal(await machine.udhcpc(), '10.7.0.100')
  const other = await dnsmasq()
  await server.stderr.waitFor('another DHCP server answers on br0: 10.7.0.2; it gives the addresses now')
  const stranger = await net.machine('pc2')
  assert.match(await stranger.udhcpc(), /^10\.7\.0\.[56]\d$/)
  await other.kill()
  await other.exited
  await server.stderr.waitFor('the DHCP server 10.7.0.2 on br0 answers no more', { timeoutMs: 20_000 })
  assert.equal(await (await net.machine('pc3')).udhcpc(), '10.7.0.101')
})

test('serve dhcp --auto finds a server that was there before', async (t) => {
  const { net, dnsmasq, machine } = await withRouter(t)
  await dnsmasq()
  const server = await net.serve(['--auto'])
  await server.stderr.waitFor('another DHCP server answers on br0: 10.7.0.2')
  assert.match(await machine.udhcpc(), /^10\.7\.0\.[56]\d$/)
  assert.doesNotMatch(server.stderr.text, /offered 10\.7\.0\.1/)
})
