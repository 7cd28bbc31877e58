import assert from 'node:assert/strict'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { BOOT_MS, serveDebian, showWhatFailed } from '../vm/served.ts'
import { makeArchive } from './local-archive.ts'
import { ShellMachine } from './shell-machine.ts'

/* A database that two processes write, on a root that keeps what is written. */

const PORT = 8099
let served: ServedLab
let machine: ShellMachine

before(async () => {
  const { store } = await debianRelease()
  const keeps = join(store.directory, 'keep')
  await mkdir(keeps, { recursive: true })
  let debs: readonly string[] = []
  const prepare = async (lab: ServedLab['lab']): Promise<void> => {
    const archive = join(lab.directory, 'archive')
    await makeArchive(archive, ['sqlite3', 'libreadline8t64'])
    debs = (await readdir(archive)).filter((name) => name.endsWith('.deb'))
    await lab.run('mount', ['-t', 'tmpfs', 'keeps', keeps]) // seen in the lab alone, and gone with it
    lab.spawn(NETROOT, ['serve', 'http', archive, '--listen', `10.77.0.1:${PORT}`])
  }
  served = await serveDebian({ profile: 'writes: keep', prepare })
  machine = await ShellMachine.start(served, 'writer', { memoryMiB: 1024, cpus: 2 })
  await machine.run('export PATH=/usr/sbin:/usr/bin HOME=/root')
  for (const deb of debs) {
    const [url, file] = [`http://10.77.0.1:${PORT}/${encodeURIComponent(deb)}`, `/root/${deb}`]
    await machine.run(`/usr/lib/apt/apt-helper download-file '${url}' ${file} > /run/fetched && dpkg -x ${file} /`)
  }
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

const words = (text: string): string => text.split(/\s+/).join(' ').trim()
/** Runs all of it, or as far as the first that fails. */
const runAll = (script: readonly string[]): Promise<string> => machine.run(`( set -e; ${script.join('; ')} ) 2>&1`)

/** Two writers for each way of journalling: 50 transactions of their own each, one after the other. */
const WRITERS = [
  'cd /root',
  'for m in wal delete; do sqlite3 $m.db "pragma journal_mode=$m; create table t(w text, n int)"; done',
  'for m in wal delete; do for w in 1 2; do ( for i in $(seq 50); do ' +
    'echo "begin immediate; insert into t values ($w, $i); commit;"; done |' +
    ' sqlite3 -bail -cmd ".timeout 200000" $m.db > /run/$m.$w 2>&1; echo $? >> /run/ended ) & done; done',
]

test('two processes write one sqlite database while its server is killed: nothing is lost, nothing is damaged', {
  timeout: BOOT_MS,
}, async () => {
  await runAll(WRITERS)
  const some = 'sqlite3 -cmd ".timeout 200000" $m.db "select min(10, count(*)) from t"'
  await machine.run(`cd /root; for m in wal delete; do until [ "$(${some})" = 10 ]; do sleep 0.2; done; done`)
  await served.kill()
  await served.start()
  const ended =
    'until [ "$(cat /run/ended | wc -l)" = 4 ]; do sleep 0.5; done; sort -u /run/ended; cat /run/wal.* /run/delete.*'
  assert.equal(await machine.run(`touch /run/ended; ${ended}`), '0')
  for (const mode of ['wal', 'delete']) {
    const ask = 'pragma integrity_check; select w, count(distinct n) from t group by w'
    assert.equal(words(await machine.run(`sqlite3 /root/${mode}.db "${ask}"`)), 'ok 1|50 2|50', mode)
  }
})
