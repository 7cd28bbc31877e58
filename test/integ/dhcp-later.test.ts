import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT } from '../support/netroot.ts'
import { CARD, CONFIG, UpNetwork } from './up-network.ts'

/* What comes and goes while `netroot up` runs: another DHCP server, the process itself, a load of clients. */

const MACS = ['52:54:00:00:00:51', '52:54:00:00:00:52'] as const

/** dnsmasq on a host of its own, which knows nothing of netroot. */
async function startDnsmasq(net: UpNetwork): Promise<LabProcess> {
  const router = await net.machine('router', '52:54:00:00:00:53')
  await router.run('ip', ['addr', 'add', '10.7.0.2/24', 'dev', CARD])
  const options = ['--no-daemon', '--port=0', '--leasefile-ro', '--conf-file=/dev/null']
  const dnsmasq = router.spawn('dnsmasq', [...options, '--dhcp-range=10.7.0.50,10.7.0.60'])
  await dnsmasq.stderr.waitFor('IP range 10.7.0.50')
  return dnsmasq
}

async function story(net: UpNetwork, mac: string): Promise<string> {
  return (await run(NETROOT, ['boots', 'show', mac, '--state', net.state])).toString()
}

test('up with dhcp: auto names a server that came later in the story of each boot that it took, and in its output', async (t: TestContext) => {
  const net = await UpNetwork.make(t)
  const server = await net.up({ config: `dhcp: auto\n${CONFIG}` })
  const machines = [await net.machine('pc1', MACS[0]), await net.machine('pc2', MACS[1])]
  for (const machine of machines) assert.match(await untilLeased(() => machine.udhcpc()), /^10\.7\.0\.1\d\d$/)
  const dnsmasq = await startDnsmasq(net)
  // it asks every 20 seconds
  const words = 'another DHCP server answers on br0: 10.7.0.2; it gives the addresses now'
  await server.stderr.waitFor(words, { timeoutMs: 60_000 })
  for (const machine of machines) {
    await machine.dhcp('discover') // its firmware: a boot begins
    const offered = await machine.udhcpc()
    assert.match(offered, /^10\.7\.0\.(?:5\d|60)$/)
    const told = new RegExp(`"mac":"${machine.mac}"[^\\n]*"type":"dhcp.other-server"[^\\n]*"server":"10\\.7\\.0\\.2"`)
    await server.stdout.waitFor(told)
    assert.match(await story(net, machine.mac), /10\.7\.0\.2/)
  }
  await dnsmasq.kill()
})

/** For the first seconds `auto` gives no addresses: another server may be about to answer. */
async function untilLeased(ask: () => Promise<string>): Promise<string> {
  for (let n = 0; n < 5; n += 1) {
    const address = await ask().catch(() => undefined)
    if (address !== undefined) return address
  }
  return 'none'
}

test('up keeps its word after kill -9 between an OFFER and its REQUEST: that address, for that machine alone', async (t) => {
  const net = await UpNetwork.make(t)
  const machines = [await net.machine('pc1', MACS[0]), await net.machine('pc2', MACS[1])] as const
  const first = await net.up()
  const offered = await machines[0].dhcp('discover')
  await first.kill('SIGKILL')
  await first.exited
  await net.up()
  const confirmed = await machines[0].dhcp('request', offered?.address)
  assert.deepEqual([confirmed?.type, confirmed?.address], ['ack', offered?.address])
  const other = await machines[1].dhcp('discover')
  assert.equal(other?.type, 'offer')
  assert.notEqual(other?.address, offered?.address)
})

test('up gives the address of an offer that was lost by kill -9 to one machine only, whoever asks first', async (t) => {
  const net = await UpNetwork.make(t)
  const machines = [await net.machine('pc1', MACS[0]), await net.machine('pc2', MACS[1])] as const
  const first = await net.up()
  const offered = await machines[0].dhcp('discover')
  await first.kill('SIGKILL')
  await first.exited
  await net.up()
  const other = await machines[1].dhcp('discover')
  assert.equal(other?.address, offered?.address, 'nobody has it')
  assert.equal((await machines[1].dhcp('request', other?.address))?.type, 'ack')
  assert.equal((await machines[0].dhcp('request', offered?.address))?.type, 'nak')
})

test('up answers perfdhcp, and gives no address twice', async (t) => {
  const net = await UpNetwork.make(t)
  const clients = await net.machine('clients', '52:54:00:00:00:54')
  await clients.takeAddress('10.7.0.3')
  await net.up()
  // it plays a relay: forty exchanges of as many machines
  const load = clients.spawn('perfdhcp', [
    '-4',
    '-l',
    CARD,
    '-r',
    '50',
    '-R',
    '100000',
    '-n',
    '40',
    '-u',
    '-W',
    '2000000',
  ])
  await load.exited
  const counts = [...load.stdout.text.matchAll(/^received packets: (\d+)[^]*?^non unique addresses: (\d+)/gm)]
  assert.equal(counts.length, 2, load.stdout.text) // of DISCOVER and OFFER, of REQUEST and ACK
  assert.ok(
    counts.every(([, received, twice]) => Number(received) > 0 && twice === '0'),
    load.stdout.text,
  )
})

test('up says which machine found the pool full, and serves it when there is room', async (t) => {
  const net = await UpNetwork.make(t)
  const machines = [await net.machine('pc1', MACS[0]), await net.machine('pc2', MACS[1])] as const
  const server = await net.up({ config: CONFIG.replace('10.7.0.150', '10.7.0.100') })
  const holder = machines[0].spawn('busybox', ['udhcpc', '-i', CARD, '-f', '-R', '-V', 'netroot', '-s', '/bin/true'])
  await holder.stderr.waitFor(/lease of 10\.7\.0\.100 obtained/)
  assert.equal(await machines[1].dhcp('discover'), undefined)
  const words = 'no address is free: all 1 of the range 10\\.7\\.0\\.100-10\\.7\\.0\\.100 are leased'
  await server.stdout.waitFor(new RegExp(`"mac":"${MACS[1]}"[^\\n]*"type":"dhcp.unanswered"[^\\n]*${words}`))
  assert.match(await story(net, MACS[1]), /all 1 of the range/)
  await machines[0].takeAddress('10.7.0.100')
  await holder.kill('SIGTERM') // gives its lease back
  await holder.exited
  let given: string | undefined
  for (let n = 0; n < 10 && given === undefined; n += 1) given = (await machines[1].dhcp('discover'))?.address
  assert.equal(given, '10.7.0.100')
})
