import assert from 'node:assert/strict'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { macOf } from '../../src/lab/mac-address.ts'
import type { ServedLab } from '../../src/lab/served-lab.ts'
import { debianRelease } from '../support/debian.ts'
import { bootDirectly, whyText } from '../vm/direct.ts'
import { BOOT_MS, eventOf, serveDebian, Session, showWhatFailed } from '../vm/served.ts'
import { ShellMachine } from './shell-machine.ts'

/* A root that keeps what is written, on a file system that gets full. */

const NAME = 'filler'
/** Without what systemd makes anew at a first boot: half a minute, and not what is tried here. */
const QUICK = 'systemd.condition_needs_update=0'
let served: ServedLab
let shell: ShellMachine
let directory: string

before(async () => {
  const { store } = await debianRelease()
  const keeps = join(store.directory, 'keep')
  directory = join(keeps, macOf(NAME, 0).replaceAll(':', '-'))
  await mkdir(keeps, { recursive: true })
  const prepare = async (lab: ServedLab['lab']): Promise<void> =>
    void (await lab.run('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'keeps', keeps])) // seen in the lab alone
  served = await serveDebian({ profile: 'writes: keep', prepare })
  shell = await ShellMachine.start(served, NAME)
})
after(() => served?.[Symbol.asyncDispose]())
showWhatFailed(() => served)

const FULL = /No space left on device/
/** A program that cannot do what it should; gives what it says. */
const fails = (command: string): string => `! ( ${command} ) 2>&1`

test('a machine whose directory is on a full disk is told so, and nothing is left half', {
  timeout: BOOT_MS,
}, async () => {
  await shell.run('sha256sum /usr/bin/perl > /run/perl; stat -c %a:%h /usr/bin/perl >> /run/perl')
  assert.match(await shell.run(fails('dd if=/dev/zero of=/root/fill bs=1M conv=fsync')), FULL)
  assert.match(await shell.run(fails('dd if=/dev/zero of=/root/more bs=4k oflag=sync')), FULL)
  // What must be copied first: it is as it was, and there is nothing of it beside.
  assert.match(await shell.run(fails('chmod 700 /usr/bin/perl')), FULL)
  assert.match(await shell.run(fails('mv /usr/bin/perl /usr/bin/perl.moved')), FULL)
  const same = '( sha256sum /usr/bin/perl; stat -c %a:%h /usr/bin/perl; ls /usr/bin/perl.moved ) 2>/dev/null'
  assert.equal(await shell.run(`${same} | cmp - /run/perl && perl -e 'print "runs\\n"'`), 'runs')
  const beside = [directory, '-type', 'f', '(', '-path', '*/work/*', '-o', '-name', 'perl*', ')']
  assert.equal((await served.lab.run('find', beside)).stdout, '')
  assert.equal((await eventOf(served, 'keep.full')).isQuota, false)
})

test('a machine boots with a full disk, netroot why says so, and it goes on when it has made room', {
  timeout: 2 * BOOT_MS,
}, async () => {
  await shell.run('sync')
  await shell.losePower()
  const from = served.events.length
  const pc = await bootDirectly(served, { name: NAME, memoryMiB: 1024, cpus: 2, words: QUICK })
  await eventOf(served, 'report.alive', { from })
  const session = await Session.login(pc)
  const third = await session.run('dd if=/dev/zero of=/root/third bs=1M count=2 conv=fsync 2>&1', { status: 1 })
  assert.match(third, FULL)
  assert.match(await whyText(served, pc), /it is up, but the server has no room for what it writes.*make room/s)
  const freed =
    'rm /root/fill && echo text > /root/more && sync /root/more && chmod 700 /usr/bin/perl && cat /root/more'
  assert.equal(await session.run(freed), 'text')
  await eventOf(served, 'keep.room', { from, timeoutMs: 130_000 })
  assert.doesNotMatch(await whyText(served, pc), /no room/)
  assert.doesNotMatch(served.serverOutput, /uncaught|TypeError/i)
})
