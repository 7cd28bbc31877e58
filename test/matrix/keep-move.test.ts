import assert from 'node:assert/strict'
import { copyFile, mkdir, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { macOf } from '../../src/lab/mac-address.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT } from '../support/netroot.ts'
import { BOOT_MS, eventOf, serveDebian, showWhatFailed } from '../vm/served.ts'
import { ShellMachine } from './shell-machine.ts'

/* Machines with one release: two that forget, and one that keeps, which then moves to the next release and is reset. */

const NAMES = ['keeper', 'first', 'second'] as const
let served: ServedLab
let directory: string
let keeper: ShellMachine

before(async () => {
  const { store } = await debianRelease()
  const keeps = join(store.directory, 'keep')
  directory = join(keeps, macOf('keeper', 0).replaceAll(':', '-'))
  await mkdir(keeps, { recursive: true })
  const profiles = ['  servers: { inherit: debian, writes: keep }', 'default: debian']
  const clients = ['clients:', `  keeper: { mac: '${macOf('keeper', 0)}', profile: servers }`]
  const prepare = async (lab: ServedLab['lab']): Promise<void> =>
    void (await lab.run('mount', ['-t', 'tmpfs', 'keeps', keeps])) // seen in the lab alone
  served = await serveDebian({ config: [...profiles, ...clients].join('\n'), prepare })
})
after(async () => {
  await served?.[Symbol.asyncDispose]()
  const { store } = await debianRelease()
  await run(NETROOT, ['image', 'rm', 'keep-next', '--store', store.directory]).catch(() => undefined)
})
showWhatFailed(() => served)

async function keep(...words: readonly string[]): Promise<string> {
  const { store } = await debianRelease()
  return (await served.lab.run(NETROOT, ['keep', ...words, '--store', store.directory])).stdout
}

test('two machines that forget and one that keeps write one release at once, and none sees what others write [JS5, FB56]', {
  timeout: 2 * BOOT_MS,
}, async () => {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  const atFirst = await stat(release.tar, { bigint: true })
  const machines: ShellMachine[] = []
  for (const name of NAMES) machines.push(await ShellMachine.start(served, name))
  keeper = machines[0] ?? assert.fail()
  const write = (name: string): string =>
    `echo ${name} > /etc/motd; mkdir -p /srv/${name}; mv /etc/issue /etc/issue.${name}; rm -r /usr/share/doc/less; sync`
  await Promise.all(machines.map((machine, at) => machine.run(write(NAMES[at] ?? ''))))
  const seen = await Promise.all(
    machines.map((machine) => machine.run('cat /etc/motd; ls /srv; ls -d /etc/issue.[!n]*')),
  )
  assert.deepEqual(
    seen.map((text) => text.split(/\s+/)),
    NAMES.map((name) => [name, name, `/etc/issue.${name}`]),
  )
  const later = await stat(release.tar, { bigint: true })
  assert.deepEqual([later.mtimeNs, later.size], [atFirst.mtimeNs, atFirst.size])
  for (const machine of machines.slice(1)) await machine.losePower()
})

test('netroot keep show names what a machine changed, and the tools of the host read it', async () => {
  const shown = await keep('show', 'keeper')
  const named = ['+ /etc/motd', '+ /srv/keeper', '+ /etc/issue.keeper', '- /etc/issue', '- /usr/share/doc/less']
  for (const line of named) assert.ok(shown.split('\n').includes(line), `${line} in ${shown}`)
  assert.doesNotMatch(shown, /first|second/)
  const upper = join(directory, 'upper')
  const whited = await served.lab.run('find', ['.', '-type', 'c', '-printf', '%P\n'], { cwd: upper })
  assert.deepEqual(whited.stdout.trim().split('\n').toSorted(), ['etc/issue', 'usr/share/doc/less'])
  const packed = await served.lab.run('sh', ['-c', 'tar -C "$0" -c ./etc/motd ./srv | tar -tv', upper])
  assert.match(packed.stdout, /^-rw-r--r-- .* \.\/etc\/motd$/m)
})

/** The release with another /etc/motd and /etc/issue, and a new file, as an image of its own. */
async function nextRelease(): Promise<void> {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  const [tar, root] = [join(served.lab.directory, 'next.tar'), join(served.lab.directory, 'next')]
  await copyFile(release.tar, tar)
  await mkdir(join(root, 'etc'), { recursive: true })
  for (const name of ['motd', 'issue', 'next']) await writeFile(join(root, 'etc', name), 'next\n')
  await run('tar', ['-rf', tar, '--owner=0', '--group=0', '-C', root, './etc/motd', './etc/issue', './etc/next'])
  await run(NETROOT, ['image', 'import', 'keep-next', tar, '--store', store.directory])
  await rm(tar)
}

test('a machine that lost its power gives its directory back, and moves to another release with what it has changed', {
  timeout: 2 * BOOT_MS,
}, async () => {
  await nextRelease()
  await assert.rejects(keep('move', 'keeper', '--to', 'keep-next'), /is in use by process \d+: stop it first/)
  const from = served.events.length
  await keeper.losePower()
  assert.equal((await eventOf(served, 'keep.freed', { from })).why, 'silent')
  const report = [
    '  /etc/issue: deleted here, changed in the new release',
    '  /etc/motd: changed here, changed in the new release',
  ]
  for (const words of [['--dry-run'], []]) {
    const [, ...lines] = (await keep('move', 'keeper', '--to', 'keep-next', ...words)).trimEnd().split('\n')
    assert.deepEqual(lines.toSorted(), report)
  }
  keeper = await ShellMachine.start(served, 'keeper')
  const seen = await keeper.run(
    'cat /etc/motd /etc/next; ls /srv; test ! -e /etc/issue -a ! -e /usr/share/doc/less && echo gone',
  )
  assert.deepEqual(seen.split(/\s+/), ['keeper', 'next', 'keeper', 'gone'])
  const opened = await eventOf(served, 'keep.opened', { from })
  const { digest } = await debianRelease()
  assert.deepEqual([opened.movedFrom, opened.isNew], [digest, false])
})

test('after a reset the machine boots the newest release as it is', { timeout: BOOT_MS }, async () => {
  await keeper.losePower()
  await served.stop() // which gives the directory back at once
  assert.match(await keep('reset', 'keeper', '--yes'), /^Removed what keeper kept$/m)
  const from = served.events.length
  await served.start()
  keeper = await ShellMachine.start(served, 'keeper')
  assert.equal(
    await keeper.run('ls /srv; ls /etc/issue; test ! -e /etc/next -a -e /usr/share/doc/less && echo fresh'),
    '/etc/issue\nfresh',
  )
  assert.equal((await eventOf(served, 'keep.opened', { from })).isNew, true)
})
