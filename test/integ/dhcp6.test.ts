import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { DhcpNetwork } from './dhcp-network.ts'
import { CARD, FAR_CARD } from './dhcp-network.ts'
import { dhclient6, leaseFile, linkLocalReady, makeNetwork6, RANGE6, serve6, toldBy } from './dhcp6-network.ts'

let network: DhcpNetwork
const BOOT = ['--boot-file', 'tftp://[fd77::1]/snponly.efi', '--dns', 'fd77::53', '--domain', 'lab.example']

before(async () => {
  network = await makeNetwork6()
})
after(() => network?.[Symbol.asyncDispose]())

async function machine(name: string) {
  const made = await network.machine(name)
  await linkLocalReady(made)
  return made
}

test('dhclient -6 is given an address and what it asks for, releases it, and gets it again', async () => {
  await using server = await serve6(network, ['--range', RANGE6, ...BOOT])
  const pc = await machine('isc')
  assert.match(await dhclient6(network, pc), /RCV: Reply message/)
  const lease = await leaseFile(pc)
  assert.match(lease, /iaaddr fd77::100 \{/)
  assert.match(lease, /dhcp6\.name-servers fd77::53;/)
  assert.match(lease, /dhcp6\.domain-search "lab\.example\."/)
  await dhclient6(network, pc, ['-r'])
  await server.stderr.waitFor(/release: fd77::100 released/, { timeoutMs: 5000 })
  assert.match(await dhclient6(network, pc), /RCV:  \| \| X-- IAADDR fd77::100/)
})

test('dhclient -6 -S gets settings where the routers give the addresses', async () => {
  await using server = await serve6(network, BOOT)
  const pc = await machine('stateless')
  assert.match(await dhclient6(network, pc, ['-S']), /RCV: Reply message/)
  assert.match(await toldBy(pc), /new_dhcp6_name_servers=fd77::53\n/)
  assert.match(server.stderr.text, /information-request: settings without an address/)
})

test('dhcpcd -6 and dhclient -6 on one machine get the same address: the card counts', async () => {
  await using server = await serve6(network, ['--range', RANGE6, ...BOOT])
  const pc = await machine('both')
  await dhclient6(network, pc)
  const address = /iaaddr (\S+) \{/.exec(await leaseFile(pc))?.[1] ?? ''
  await dhclient6(network, pc, ['-x']) // it has the port
  const from = server.stderr.text.length
  // dhcpcd asks for a rapid commit, and calls itself something else
  const dhcpcd = pc.spawn('dhcpcd', ['-6', '-1', '-B', '-c', '/bin/true', '--noipv6rs', '--ia_na', CARD])
  await server.stderr.waitFor(`solicit: ${address} for 3600 s`, { from, timeoutMs: 20_000 })
  await dhcpcd.kill('SIGKILL')
})

test('a lease is found again after kill -9, and a flood of strangers does not get it', async () => {
  const args = ['--range', RANGE6, '--state', `${network.directory}/leases6`]
  const first = await serve6(network, args)
  const pc = await machine('kept')
  await dhclient6(network, pc)
  const address = /iaaddr (\S+) \{/.exec(await leaseFile(pc))?.[1] ?? ''
  await first.kill('SIGKILL')
  await using second = await serve6(network, args)
  const stranger = await machine('stranger')
  await dhclient6(network, stranger)
  assert.ok(!(await leaseFile(stranger)).includes(`iaaddr ${address} `))
  await dhclient6(network, pc) // it knows its address, and asks whether it may keep it
  await second.stderr.waitFor(`confirm: ${address} confirmed`, { timeoutMs: 5000 })
  await pc.run('rm', [`/run/${pc.name}.leases6`])
  await dhclient6(network, pc)
  await second.stderr.waitFor(`request: ${address} for 3600 s`, { timeoutMs: 5000 })
})

test('dhcrelay -6 carries it from another network, whose pool is another', async () => {
  await network.bridge('br6')
  const router = await network.router('relay', 'br6', '10.9.0.1/24')
  await router.run('ip', ['addr', 'add', 'fd77::2/64', 'dev', CARD, 'nodad'])
  await router.run('ip', ['addr', 'add', 'fd79::1/64', 'dev', FAR_CARD, 'nodad'])
  await linkLocalReady(router)
  await using server = await serve6(network, ['--range', RANGE6, '--relayed', 'fd79::/64=fd79::100-fd79::1ff', ...BOOT])
  const links = ['-l', FAR_CARD, '-u', `fd77::1%${CARD}`]
  const relay = router.spawn('dhcrelay', ['-6', '-d', '-I', ...links])
  const pc = await network.machine('far', 'br6')
  await linkLocalReady(pc)
  await dhclient6(network, pc)
  assert.match(await leaseFile(pc), /iaaddr fd79::100 \{/)
  await server.stderr.waitFor(/request: fd79::100 for 3600 s/, { timeoutMs: 5000 })
  await relay.kill('SIGKILL')
})
