import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { macOf } from '../../src/lab/mac-address.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { BOOT_MS, serveDebian, showWhatFailed } from '../vm/served.ts'
import { makeArchive } from './local-archive.ts'
import { ShellMachine } from './shell-machine.ts'

/* A root that keeps what is written, under Debian's own package manager: it locks, links, renames and syncs. */

const PORT = 8099
/** Where the machine's changes lie, as programs of the lab see it. */
let upper: string
let served: ServedLab
let machine: ShellMachine

before(async () => {
  const { store } = await debianRelease()
  const keeps = join(store.directory, 'keep')
  upper = join(keeps, macOf('writer', 0).replaceAll(':', '-'), 'upper')
  await mkdir(keeps, { recursive: true })
  const prepare = async (lab: ServedLab['lab']): Promise<void> => {
    const archive = join(lab.directory, 'archive')
    await makeArchive(archive, ['sqlite3', 'libreadline8t64', 'readline-common'], [await buildTried(lab.directory)])
    await lab.run('mount', ['-t', 'tmpfs', 'keeps', keeps]) // seen in the lab alone, and gone with it
    lab.spawn(NETROOT, ['serve', 'http', archive, '--listen', `10.77.0.1:${PORT}`])
  }
  served = await serveDebian({ profile: 'writes: keep', prepare })
  machine = await ShellMachine.start(served, 'writer', { memoryMiB: 1024, cpus: 2 })
  await machine.run(
    'export PATH=/usr/sbin:/usr/bin HOME=/root DEBIAN_FRONTEND=noninteractive; mkdir -p /dev/pts; mount -t devpts devpts /dev/pts',
  )
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

/** A package that does what packages do: it depends, diverts, links, makes a device, and takes its time to be set up. */
async function buildTried(directory: string): Promise<string> {
  const root = join(directory, 'tried')
  const write = async (path: string, mode: string, ...lines: string[]): Promise<void> => {
    await mkdir(join(root, path, '..'), { recursive: true })
    await writeFile(join(root, path), `${lines.join('\n')}\n`)
    await run('chmod', [mode, join(root, path)])
  }
  const header = ['Package: tried', 'Version: 1', 'Architecture: all', 'Maintainer: Somebody <a@lab.example>']
  await write('DEBIAN/control', '644', ...header, 'Depends: sqlite3', 'Description: tried')
  await write('DEBIAN/preinst', '755', '#!/bin/sh -e', `dpkg-divert --package tried --add --rename ${DIVERT}`)
  await write('DEBIAN/postinst', '755', '#!/bin/sh -e', ...WAITS, 'mknod /usr/lib/tried/null c 1 3')
  await write('DEBIAN/prerm', '755', '#!/bin/sh -e', 'rm -f /usr/lib/tried/null')
  await write(
    'DEBIAN/postrm',
    '755',
    '#!/bin/sh -e',
    'test "$1" != remove ||',
    `dpkg-divert --package tried --remove --rename ${DIVERT}`,
  )
  await write('usr/bin/less', '755', '#!/bin/sh', 'echo tried; exec less.distrib "$@"')
  await write('usr/lib/tried/one', '4755', 'content')
  await run('ln', [join(root, 'usr/lib/tried/one'), join(root, 'usr/lib/tried/two')])
  const deb = join(directory, 'tried_1_all.deb')
  await run('dpkg-deb', ['--root-owner-group', '--build', root, deb])
  return deb
}
const DIVERT = '--divert /usr/bin/less.distrib /usr/bin/less'
/** Until the test says so; the first time only. */
const WAITS = ['touch /run/tried', 'while [ -e /run/hold ]; do sleep 0.2; done']

const words = (text: string): string => text.split(/\s+/).join(' ').trim()
/** Runs all of it, or as far as the first that fails. */
const runAll = (script: readonly string[]): Promise<string> => machine.run(`( set -e; ${script.join('; ')} ) 2>&1`)

test('apt installs packages with all that they depend on, and a second dpkg finds the lock held [FB43]', {
  timeout: 2 * BOOT_MS,
}, async () => {
  await runAll([
    'rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*',
    `echo "deb [trusted=yes] http://10.77.0.1:${PORT} ./" > /etc/apt/sources.list`,
    'apt-get update > /run/update && touch /run/hold',
  ])
  const install = 'apt-get install -y tried > /run/apt 2>&1; echo $? > /run/status'
  await machine.run(`( ${install} ) & while [ ! -e /run/tried -a ! -e /run/status ]; do sleep 0.5; done`)
  const refused = await machine.run('! dpkg --configure -a 2>&1')
  assert.match(refused, /lock was locked by .* process with pid \d+/)
  const ended = 'rm /run/hold; while [ ! -e /run/status ]; do sleep 0.5; done; tail -n 20 /run/apt; cat /run/status'
  assert.match(await machine.run(ended), /\n0$/)
  const installed = await runAll([
    'dpkg --audit',
    'dpkg -V tried sqlite3 libreadline8t64',
    "dpkg-query -W -f '${Status}\\n' tried sqlite3 | uniq",
    'stat -c "%h %a" /usr/lib/tried/two; stat -c "%F %t:%T" /usr/lib/tried/null',
    'echo read | less | cat; test -s /var/lib/dpkg/status-old && echo old',
  ])
  const wanted = 'install ok installed 2 4755 character special file 1:3 tried read old'
  assert.equal(words(installed), wanted)
  const { stdout } = await served.lab.run('cat', [join(upper, 'var/lib/dpkg/status')])
  assert.match(stdout, /^Package: tried$/m)
})

test('file capabilities are refused, as on any NFS, and programs of the release run without', async () => {
  assert.match(await machine.run('! setcap cap_net_raw+ep /usr/lib/tried/one 2>&1'), /not supported/)
})

test('packages are removed and purged, and what they had diverted is back; a directory that was deleted comes again', {
  timeout: 2 * BOOT_MS,
}, async () => {
  const seen = await runAll([
    'sha256sum < /usr/bin/less.distrib > /run/less',
    'apt-get purge -y tried sqlite3 > /run/purge',
    'dpkg --audit',
    'sha256sum < /usr/bin/less | cmp - /run/less && test ! -e /usr/bin/less.distrib && echo back',
    'test ! -e /usr/lib/tried -a ! -e /usr/bin/sqlite3 && echo gone',
    'rm -r /usr/share/doc/less && mkdir /usr/share/doc/less && ls -A /usr/share/doc/less',
    'echo mine > /usr/share/doc/less/mine && mv /usr/share/doc/less/mine /usr/share/doc/less/moved',
    'ls /usr/share/doc/less',
    'apt-get install -y sqlite3 > /run/again && dpkg -V sqlite3 && ls /usr/bin/sqlite3',
  ])
  assert.equal(words(seen), 'back gone moved /usr/bin/sqlite3')
  const opaque = [
    '--only-values',
    '-n',
    'trusted.overlay.opaque',
    '--absolute-names',
    join(upper, 'usr/share/doc/less'),
  ]
  assert.equal((await served.lab.run('getfattr', opaque)).stdout, 'y')
})
