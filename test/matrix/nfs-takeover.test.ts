import assert from 'node:assert/strict'
import { mkdir, readdir, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LabProcess } from '../../src/lab/lab-process.ts'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { NETROOT } from '../support/netroot.ts'
import { bootDirectly } from '../vm/direct.ts'
import { Neighbour } from '../vm/neighbour.ts'
import { BOOT_MS, serveDebian, Session, showWhatFailed } from '../vm/served.ts'

/*
 * Two hosts with one store and one address, which is wherever it is served. Two machines mount an export by NFSv4.2, and one
 * of them by version 3 as well; their own roots come from elsewhere.
 */

const ADDRESS = '10.77.0.5'
const PORT = 2050
/** Longer than a lease, and than the server needs to see that it has ended. */
const LEASE_AND_MORE_MS = 75_000

let served: ServedLab
let hosts: { readonly first: Neighbour; readonly second: Neighbour }
let holder: Machine
let session: Session
let other: Session
let home: string
let server: LabProcess

before(async () => {
  served = await serveDebian()
  home = join(served.lab.directory, 'home')
  await mkdir(home)
  await writeFile(join(home, 'writes'), WRITES)
  const { bridge } = served.lab.network()
  hosts = {
    first: await Neighbour.plugIn(served.lab, 'first', [{ bridge, address: '10.77.0.3/24' }]),
    second: await Neighbour.plugIn(served.lab, 'second', [{ bridge, address: '10.77.0.4/24' }]),
  }
  await hosts.first.takeAddress(`${ADDRESS}/24`)
  server = await serveOn(hosts.first)
  holder = await bootDirectly(served, { name: 'holder', memoryMiB: 768 })
  session = await Session.login(holder)
  other = await Session.login(await bootDirectly(served, { name: 'other', memoryMiB: 768 }))
  for (const one of [session, other]) await mount(one, '/mnt', 'vers=4.2,clientaddr=0.0.0.0')
  await session.run('mkdir -p /three')
  await mount(session, '/three', `vers=3,nolock,proto=tcp,mountport=${PORT},mountproto=tcp`)
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

function start(host: Neighbour): LabProcess {
  const [program = 'ip', ...words] = host.host
  const serve = ['serve', 'nfs', `home=${home},rw,no_root_squash,client=10.77.0.0/24,no_root_squash`]
  const state = ['--state', join(served.lab.directory, 'nfs-state'), '--verbose']
  return served.lab.spawn(program, [...words, NETROOT, ...serve, ...state, '--listen', `${ADDRESS}:${PORT}`])
}
async function serveOn(host: Neighbour): Promise<LabProcess> {
  const started = start(host)
  await started.stdout.waitFor('listening on')
  return started
}
async function mount(machine: Session, where: string, options: string): Promise<void> {
  const all = `addr=${ADDRESS},port=${PORT},hard,timeo=50,${options}`
  assert.equal(await machine.run(`mount -t nfs -o ${all} ${ADDRESS}:/home ${where} && echo mounted`), 'mounted')
}
async function kill(): Promise<void> {
  await server.kill('SIGKILL')
  await server.exited
}
/** The address is given to another host. */
async function move(from: Neighbour, to: Neighbour): Promise<void> {
  await from.run('ip', ['address', 'delete', `${ADDRESS}/24`, 'dev', 'eth0'])
  await to.takeAddress(`${ADDRESS}/24`)
}

/** Writes 150 files, each on the server's disk before the next, and reads them again. */
const WRITES = `set -e
mkdir "$1/files" && cd "$1/files"
for i in $(seq 150); do head -c 20000 /dev/urandom > $i; sync $i; md5sum $i >> "/run/all.$2"; done
echo 1 > /proc/sys/vm/drop_caches
md5sum --quiet -c "/run/all.$2" && echo all
`

async function startWrites(name: string, where: string): Promise<void> {
  session.type(`( sh /run/writes ${where} ${name} > /run/out.${name} 2>&1 & )`)
  await session.run(`while [ ! -s /run/all.${name} ]; do sleep 0.1; done`)
}
async function writesEnd(name: string): Promise<string> {
  const waits = `until [ -s /run/out.${name} ]; do sleep 0.2; done; cat /run/out.${name}`
  return session.run(waits, { timeoutMs: 200_000 })
}
/** Whether the machine that has locked a file still does. */
const tryLock = (machine: Session): Promise<string> => machine.run('flock -n /mnt/lock true; echo $?')
const complaints = (machine: Session): Promise<string> =>
  machine.run("dmesg | grep -i nfs | grep -iE 'error|fail|lost|reclaim' || true")

test('another host takes the address over from one that was killed: writes go on, locks are held', {
  timeout: BOOT_MS,
}, async () => {
  await session.run('exec 8> /mnt/lock; flock -n 8; mkdir /mnt/four /mnt/three; cp /mnt/writes /run/writes')
  assert.equal(await tryLock(other), '1')
  await startWrites('four', '/mnt/four')
  await startWrites('three', '/three/three')
  await kill()
  const written = await Promise.all(['four', 'three'].map((name) => readdir(join(home, name, 'files'))))
  assert.ok(
    written.every((names) => names.length < 150),
    'the server was killed while they wrote',
  )
  await move(hosts.first, hosts.second)
  server = await serveOn(hosts.second)
  assert.equal(await tryLock(other), '1')
  assert.equal(await writesEnd('four'), 'all')
  assert.equal(await writesEnd('three'), 'all')
  for (const name of ['four', 'three']) {
    const sums = await session.run(`cat /run/all.${name}`)
    assert.equal(sums.split('\n').length, 150)
    const there = await served.lab.run('sh', ['-c', 'cd "$0" && md5sum $(seq 150)', join(home, name, 'files')])
    assert.equal(there.stdout.trim(), sums.replaceAll('\r', ''))
  }
  assert.equal(await complaints(session), '')
})

test('a host whose cable is out still has its state, which the other says; once it is ended the other takes over', {
  timeout: BOOT_MS,
}, async () => {
  await hosts.second.setLink(0, false)
  await hosts.first.takeAddress(`${ADDRESS}/24`)
  const refused = start(hosts.first)
  assert.notEqual((await refused.exited).status, 0)
  assert.match(refused.stderr.text, /nfs-state\/nfs-clients is in use by process \d+ on second: stop it first/)
  await kill()
  server = await serveOn(hosts.first)
  await hosts.second.run('ip', ['address', 'delete', `${ADDRESS}/24`, 'dev', 'eth0'])
  await hosts.second.setLink(0, true)
  assert.equal(await session.run('echo on >&8; cat /mnt/lock'), 'on')
  assert.equal(await tryLock(other), '1')
  assert.equal(await complaints(session), '')
})

test('nobody gets a lock before its holder is back, whose cable is out; restarted twice meanwhile', {
  timeout: BOOT_MS,
}, async () => {
  await holder.setLink(0, false)
  await kill()
  server = await serveOn(hosts.first)
  await kill()
  server = await serveOn(hosts.first)
  other.type('( ( flock -n /mnt/lock true; echo $? > /run/tried ) & )')
  await sleep(20_000)
  assert.equal(await other.run('cat /run/tried 2>/dev/null || echo waits'), 'waits')
  await holder.setLink(0, true)
  assert.equal(await session.run('echo again >&8; cat /mnt/lock', { timeoutMs: 200_000 }), 'on\nagain')
  assert.equal(await other.run('until [ -s /run/tried ]; do sleep 0.2; done; cat /run/tried'), '1')
  assert.equal(await complaints(session), '')
})

test('a machine whose cable is out for longer than its lease goes on with its lock, which nobody wanted', {
  timeout: BOOT_MS,
}, async () => {
  await holder.setLink(0, false)
  await sleep(LEASE_AND_MORE_MS)
  await holder.setLink(0, true)
  assert.equal(await session.run('echo later >&8; cat /mnt/lock', { timeoutMs: 200_000 }), 'on\nagain\nlater')
  assert.equal(await tryLock(other), '1')
  assert.equal(await complaints(session), '')
})

test('if another wanted the lock meanwhile, it has it; the machine goes on, and says what it has lost', {
  timeout: BOOT_MS,
}, async () => {
  await holder.setLink(0, false)
  const taken = 'exec 9> /mnt/lock.taken; until flock -n /mnt/lock true; do sleep 1; done; echo taken >&9; echo taken'
  assert.match(await other.run(taken, { timeoutMs: 200_000 }), /taken$/)
  assert.match(server.stderr.text, /has lost what it held: its lease had ended, and another wanted it/)
  await holder.setLink(0, true)
  assert.equal(await session.run('cat /mnt/lock.taken', { timeoutMs: 200_000 }), 'taken')
  assert.match(await complaints(session), /Lock reclaim failed/)
  assert.equal(
    await session.run('exec 8>&-; exec 8>> /mnt/lock; flock -n 8 && echo new >&8 && tail -n 1 /mnt/lock'),
    'new',
  )
})

test('the state directory has no more than what two clients need', async () => {
  const state = join(served.lab.directory, 'nfs-state/nfs-clients')
  const names = await readdir(state)
  assert.equal(names.filter((name) => name.endsWith('.json')).length, 2)
  assert.match(await readlink(join(state, 'owner')), /^\d+ \d+ first$/)
})
