import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, tells } from './direct.ts'
import { serveDebian, showWhatFailed } from './served.ts'

/*
 * The networks that machines stand in: fixed addresses, several cards, bonds, VLANs, IPv6. Each machine mounts its root,
 * stops, and is asked at its shell.
 */

const TIMEOUT = { timeout: 150_000 } as const
const STOP = 'rd.break=root'

let served: ServedLab

before(async () => {
  served = await serveDebian()
  const { lab } = served
  await lab.addNetwork('wrong', '10.78.0.1/24')
  await lab.addNetwork('trunk', '10.79.0.1/24')
  await lab.addNetwork('six', '10.80.0.1/24')
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

/** Waits until the machine has its root and stands at its shell. */
async function atShell({ console: screen }: Machine): Promise<void> {
  await screen.waitFor("netroot: stopped at 'root'", { timeoutMs: 90_000 })
  await screen.waitFor('~ # ')
}

let asked = 0

/** What a command at the machine's shell writes. */
async function ask({ console: screen }: Machine, command: string, timeoutMs = 30_000): Promise<string> {
  const mark = `answer-${++asked}`
  const from = screen.position
  screen.send(`echo "${mark.slice(0, 3)}""${mark.slice(3)}"; ${command}; echo "${mark.slice(0, 3)}""${mark.slice(3)}."`)
  const { text } = await screen.waitFor(new RegExp(`^${mark}\\s[^]*^${mark}\\.`, 'm'), { from, timeoutMs })
  return text.slice(mark.length, -mark.length - 1).trim()
}

/** Does something while a DHCP server, with dnsmasq's options, serves one of the lab's networks. */
async function withDhcp(network: string, options: readonly string[], action: () => Promise<void>): Promise<void> {
  const { bridge } = served.lab.network(network)
  const fixed = ['--no-daemon', '--conf-file=/dev/null', '--user=root', '--port=0', '--bind-dynamic', '--leasefile-ro']
  const server = served.lab.spawn('dnsmasq', [...fixed, `--interface=${bridge}`, ...options])
  try {
    await action()
  } finally {
    await server.kill('SIGKILL')
  }
}

test('a machine with a fixed address in ip= boots without DHCP [AW43]', TIMEOUT, async () => {
  const word = 'ip=10.77.0.60:10.77.0.1::255.255.255.0:fixed:eth0:off:10.77.0.53'
  await using pc = await bootDirectly(served, { name: 'fixed', words: `${word} ${STOP}` })
  assert.equal((await tells(served, pc, 'report.lease')).address, '10.77.0.60')
  await tells(served, pc, 'report.root')
  await atShell(pc)
  assert.doesNotMatch(pc.console.text, /asking for an address/)
  assert.equal(await ask(pc, 'cat /etc/resolv.conf | grep -v ^#'), 'nameserver 10.77.0.53')
})

test('of two cards that nobody named, the one with a link is used', TIMEOUT, async () => {
  const cards = [{ network: 'lan' }, { network: 'lan' }]
  await using pc = await bootDirectly(served, { name: 'half', cards, bootCard: 1, words: `BOOTIF= ${STOP}` })
  await pc.setLink(0, false)
  assert.equal((await tells(served, pc, 'report.lease')).interface, 'eth1')
  await atShell(pc)
  assert.doesNotMatch(pc.console.text, /asking for an address on eth0/)
})

test('the DHCP server beside a card that the loader did not use is not asked [FB32]', TIMEOUT, async () => {
  const wrong = ['--dhcp-range=10.78.0.50,10.78.0.99,1h', '--dhcp-option=17,10.78.0.9:/wrong']
  const cards = [{ network: 'wrong' }, { network: 'lan' }]
  await withDhcp('wrong', wrong, async () => {
    await using pc = await bootDirectly(served, { name: 'between', cards, bootCard: 1, words: STOP })
    assert.equal((await tells(served, pc, 'report.lease')).interface, 'eth1')
    await atShell(pc)
    assert.equal(await ask(pc, 'ip -4 addr show dev eth0'), '')
  })
})

test('a bond goes on when one of its links is lost', TIMEOUT, async () => {
  const words = `bond=bond0:eth0,eth1:mode=active-backup,miimon=50,primary=eth0 ${STOP}`
  await using pc = await bootDirectly(served, { name: 'bonded', cards: [{}, {}], words })
  assert.equal((await tells(served, pc, 'report.lease')).interface, 'bond0')
  await atShell(pc)
  const active = (): Promise<string> => ask(pc, 'cat /sys/class/net/bond0/bonding/active_slave')
  // Counts what only the server can tell: nothing of this directory is in the machine's memory yet.
  const count = (directory: string): Promise<string> => ask(pc, `ls /layers/release/usr/${directory} | wc -l`)
  assert.equal(await active(), 'eth0')
  await pc.setLink(0, false)
  assert.ok(Number(await count('bin')) > 100)
  assert.equal(await active(), 'eth1')
  await pc.setLink(0, true)
  await ask(pc, 'sleep 1')
  await pc.setLink(1, false)
  assert.ok(Number(await count('sbin')) > 50)
  assert.equal(await active(), 'eth0')
})

test('a machine boots over a VLAN; the switch is a machine with a VLAN and a bridge', TIMEOUT, async () => {
  const words = `vlan=eth0.5:eth0 bridge=br0:eth1,eth0.5 ${STOP}`
  const cards = [{ network: 'trunk' }, { network: 'lan' }]
  await using sw = await bootDirectly(served, { name: 'switch', cards, bootCard: 1, words })
  assert.equal((await tells(served, sw, 'report.lease')).interface, 'br0')
  await atShell(sw)
  await using pc = await bootDirectly(served, {
    name: 'tagged',
    cards: [{ network: 'trunk' }],
    words: `vlan=vlan0005:eth0 ${STOP}`,
  })
  assert.equal((await tells(served, pc, 'report.lease')).interface, 'vlan0005')
  await atShell(pc)
  assert.equal(await ask(pc, 'ip -4 addr show dev eth0'), '')
})

/** The server's NFS on the network `six`, which has IPv6 only. */
const RELAY = `const net = require('node:net')
net.createServer((one) => { const other = net.connect(2049, '10.77.0.1'); one.pipe(other).pipe(one)
  for (const end of [one, other]) end.on('error', () => { one.destroy(); other.destroy() })
}).listen(2049, 'fd77::1')`

test('a machine whose network has only IPv6 gets address, names and root by it', TIMEOUT, async (t) => {
  const { lab } = served
  const { bridge } = lab.network('six')
  await lab.run('ip', ['address', 'add', 'fd77::1/64', 'dev', bridge, 'nodad'])
  const relay = lab.spawn(process.execPath, ['-e', RELAY])
  t.after(() => relay.kill('SIGKILL'))
  const names = [
    '--enable-ra',
    '--dhcp-option=option6:dns-server,[fd77::53]',
    '--dhcp-option=option6:domain-search,lab.example',
  ]
  const { digest } = await debianRelease()
  const root = `root=nfs://[fd77::1]:2049/release/${digest}`
  const rooted = async (name: string, word: string, address: RegExp): Promise<void> => {
    const cards = [{ network: 'six' }]
    await using pc = await bootDirectly(served, { name, cards, words: `${word} ${root} ${STOP}` })
    await atShell(pc)
    assert.match(pc.console.text, address)
    assert.match(await ask(pc, 'cat /etc/resolv.conf'), /search lab\.example\s+nameserver fd77:.*53/)
    assert.match(await ask(pc, 'grep /layers/release /proc/mounts'), /addr=fd77::1/)
    const routes = await ask(pc, 'ip -6 route')
    assert.match(routes, /^default via fe80::\S+ dev eth0 +metric 2048/m)
    assert.match(routes, /^fd77::\/64 dev eth0 +metric 2048/m)
    assert.match(await ask(pc, 'ip -6 addr show dev eth0 scope global'), /valid_lft forever/)
  }
  await withDhcp('six', ['--dhcp-range=fd77::,ra-stateless', ...names], () =>
    rooted('slaac', 'ip=auto6', /netroot: eth0 has fd77::5054:ff:fe[0-9a-f:]+\/64, router fe80:/),
  )
  await withDhcp('six', ['--dhcp-range=fd77::100,fd77::1ff,64,1h', ...names], () =>
    rooted('dhcp6', 'ip=dhcp6', /netroot: eth0 has fd77:[0:]*01[0-9a-f]{2}\/128, router fe80:/),
  )
})
