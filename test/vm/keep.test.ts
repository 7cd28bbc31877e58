import assert from 'node:assert/strict'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { macOf } from '../../src/lab/mac-address.ts'
import type { Machine } from '../../src/lab/machine.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly } from './direct.ts'
import { eventOf, serveDebian, Session, showWhatFailed } from './served.ts'

/* A machine with `writes: keep` boots, writes, loses its server in between, and finds all of it at its next boot. */

let served: ServedLab
let pc: Machine
let session: Session
let directory: string

before(async () => {
  served = await serveDebian({ profile: 'writes: keep' })
  const { store } = await debianRelease()
  directory = join(store.directory, 'keep', macOf('keeper', 0).replaceAll(':', '-'))
  await rm(directory, { recursive: true, force: true }) // the store is kept between runs
  pc = await bootDirectly(served, { name: 'keeper', memoryMiB: 1024, cpus: 2 })
})
after(async () => {
  await served?.[Symbol.asyncDispose]()
  await rm(directory, { recursive: true, force: true })
})
showWhatFailed(() => served)

/** Programs that lock, replace and sync files as package managers and databases do. */
const WRITES = [
  'set -e',
  'cd /root',
  "printf 'one\\ntwo\\n' > file && ln file second && mv file third && cat second",
  'flock lock true && ! flock -n lock flock -n lock true && echo locked',
  'mkfifo pipe && mknod null c 1 3 && ln -s third link && cat link',
  'sed -i s/^root:/root:/ /etc/passwd && rm -r /usr/share/doc/apt && test ! -e /usr/share/doc/apt && echo gone',
  'mv /etc/apt /etc/apt.moved && mv /etc/apt.moved /etc/apt && ls -d /etc/apt',
  'setfattr -n user.a -v b third 2>/dev/null || true',
].join('; ')

test('a machine boots to its login on a root that keeps what is written', { timeout: 200_000 }, async () => {
  assert.match((await eventOf(served, 'nfs.mount')).path, /^\/keep\/52-54-/)
  assert.equal((await eventOf(served, 'keep.opened')).isNew, true)
  assert.equal((await eventOf(served, 'report.alive')).state, 'running')
  session = await Session.login(pc)
  assert.match(await session.run('findmnt -n -o FSTYPE,OPTIONS /'), /^nfs4 +rw,.*vers=4\.2/)
  const seen = await session.run(`( ${WRITES} ) 2>&1`)
  assert.equal(seen.split(/\s+/).join(' '), 'one two locked one two gone /etc/apt')
  await session.run('cat /etc/machine-id > /root/id; sync')
})

test('nothing that was synced is lost when the server is killed while the machine writes', {
  timeout: 200_000,
}, async () => {
  const writes = 'for i in $(seq 60); do echo $i > /root/synced.$i; sync /root/synced.$i; echo $i > /run/last; done'
  session.type(`( ( ${writes}; echo all ) > /run/out 2>&1 & )`)
  await session.run('while [ ! -e /run/last ]; do sleep 0.1; done')
  await served.kill()
  await served.start()
  assert.equal(
    await session.run('until [ -s /run/out ]; do sleep 0.2; done; cat /run/out', { timeoutMs: 100_000 }),
    'all',
  )
  const numbers = Array.from({ length: 60 }, (_, index) => `${index + 1}`).join(' ')
  assert.equal(await session.run("cat /root/synced.* | sort -n | tr '\\n' ' '"), `${numbers} `.trimEnd())
  assert.equal(await readFile(join(directory, 'upper/root/synced.60'), 'utf8'), '60\n')
})

test('the next boot finds what the machine wrote, and is the same machine', { timeout: 200_000 }, async () => {
  const from = served.events.length
  session.type('poweroff')
  await eventOf(served, 'report.shutdown', { from })
  await pc.exited
  const again = await bootDirectly(served, { name: 'keeper', memoryMiB: 1024, cpus: 2 })
  assert.equal((await eventOf(served, 'keep.opened', { from })).isNew, false)
  assert.equal((await eventOf(served, 'report.alive', { from })).state, 'running')
  const later = await Session.login(again)
  assert.equal(
    await later.run(
      'cat /root/third; stat -c %h /root/second; test ! -e /usr/share/doc/apt; cmp /root/id /etc/machine-id && echo same',
    ),
    'one\ntwo\n2\nsame',
  )
})
