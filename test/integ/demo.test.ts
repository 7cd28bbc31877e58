import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ReleaseStore } from '../../src/image/store.ts'
import { run } from '../../src/sys/run.ts'
import { NETROOT, type Running, start } from '../support/netroot.ts'
import { preparedStore, specimenArchive } from './up-network.ts'

// What `netroot demo` needs, what it says where that is missing, and that nothing of it stays behind.

/** How a demo is started, where it is not as usual. */
interface DemoStart {
  readonly path?: string
  /** Stands before the command. */
  readonly prefix?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A demo in a place of its own: its store, its folder for temporary files, and an mmdebstrap that we wrote. */
class Demo {
  readonly directory: string
  readonly #mark: string
  #child: ChildProcess | undefined

  static async make(t: TestContext, mmdebstrap: string): Promise<Demo> {
    const directory = await mkdtemp(join(tmpdir(), 'nr-demo-'))
    t.after(() => rm(directory, { recursive: true, force: true }))
    const demo = new Demo(directory)
    t.after(() => demo.#child?.kill('SIGKILL'))
    for (const folder of ['bin', 'tmp', 'store']) await mkdir(join(directory, folder))
    await writeFile(join(demo.bin, 'mmdebstrap'), `#!/bin/sh\n${mmdebstrap}\n`, { mode: 0o755 })
    return demo
  }
  private constructor(directory: string) {
    this.directory = directory
    this.#mark = `NETROOT_DEMO_TEST=${directory}`
  }

  get bin(): string {
    return join(this.directory, 'bin')
  }
  get store(): string {
    return join(this.directory, 'store')
  }

  /** Starts it; its PATH begins with the mmdebstrap of this demo. */
  start(options: DemoStart = {}): Running {
    const { path = process.env['PATH'] ?? '', prefix = [], env = {} } = options
    const args = ['demo', '--json', '--store', this.store, '--screenshot', join(this.directory, 'screen.png')]
    const [command = NETROOT, ...rest] = [...prefix, NETROOT, ...args]
    const [name = '', value = ''] = this.#mark.split('=')
    const own = { PATH: `${this.bin}:${path}`, TMPDIR: join(this.directory, 'tmp'), [name]: value }
    const running = start(command, rest, { ...own, ...env })
    this.#child = running.child
    return running
  }

  /** Programs that belong to this demo and still run, by their command lines. */
  async processes(): Promise<string[]> {
    const found: string[] = []
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '')
      if (!environment.split('\0').includes(this.#mark)) continue
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
      if (line !== '') found.push(line.replaceAll('\0', ' ').trim())
    }
    return found
  }

  /** Nothing runs, is mounted or half made any more; the last look gives a moment for what dies by itself. */
  async assertGone(): Promise<void> {
    for (let tries = 0; tries < 40 && (await this.processes()).length > 0; tries++) await sleep(50)
    assert.deepEqual(await this.processes(), [])
    assert.doesNotMatch(await readFile('/proc/mounts', 'utf8'), new RegExp(this.directory))
    await ReleaseStore.open(this.store) // removes what killed processes left in it
    assert.deepEqual(await readdir(join(this.store, 'tmp')), [])
    assert.deepEqual(await namesIn(join(this.store, 'leases')), [])
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}

test('netroot demo says what to do where there is no /dev/net/tun, before it builds anything', async (t) => {
  const demo = await Demo.make(t, 'touch "$TMPDIR/built"; exit 1')
  const hide = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /dev/net && exec "$@"', 'sh']
  const { status, stdout, stderr } = await demo.start({ prefix: hide }).ended
  assert.equal(status, 77)
  assert.equal(stdout, '')
  assert.match(
    stderr,
    /^netroot: Cannot make virtual network cards: \/dev\/net\/tun is not there\. As root: modprobe tun; where that does not make it: mkdir -p \/dev\/net && mknod \/dev\/net\/tun c 10 200; for a container: --device \/dev\/net\/tun/,
  )
  assert.deepEqual(await namesIn(join(demo.store, 'releases')), [])
})

test('netroot demo says what to install where there is no QEMU', async (t) => {
  const demo = await Demo.make(t, 'exit 1')
  for (const name of ['sh', 'readlink', 'dirname', 'unshare', 'nsenter', 'setpriv'])
    await symlink(`/usr/bin/${name}`, join(demo.bin, name))
  const { status, stderr } = await demo.start({ path: '/nonexistent' }).ended
  assert.equal(status, 77)
  assert.equal(
    stderr,
    'netroot: Cannot run virtual machines: qemu-system-x86_64 is not installed. Install it: apt install qemu-system-x86\n',
  )
})

test('netroot demo says why the image could not be built, and keeps nothing of it', async (t) => {
  const demo = await Demo.make(t, "echo 'E: no such suite' >&2; exit 25")
  const { status, stderr } = await demo.start().ended
  assert.equal(status, 1)
  assert.match(stderr, /netroot: Cannot build Debian trixie .*: mmdebstrap ended with status 25:\nE: no such suite\n$/)
  await demo.assertGone()
})

const STATUS = { SIGINT: 130, SIGTERM: 130, SIGKILL: 'SIGKILL' } as const
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const

for (const signal of SIGNALS) {
  test(`netroot demo ended by ${signal} while it builds the image leaves nothing behind`, async (t) => {
    const demo = await Demo.make(t, 'head -c 5000 /dev/zero; touch "$HEART"; sleep 100 & wait')
    const heart = join(demo.directory, 'heart')
    const { child, ended } = demo.start({ env: { HEART: heart } })
    while (!existsSync(heart)) await sleep(20)
    const began = performance.now()
    child.kill(signal)
    const { status, stderr } = await ended
    assert.equal(status, STATUS[signal])
    assert.ok(performance.now() - began < 3000)
    if (signal !== 'SIGKILL') assert.match(stderr, /netroot: The build of Debian trixie \(\w+\) was interrupted\n$/)
    await demo.assertGone()
    assert.deepEqual(await namesIn(join(demo.store, 'releases')), [])
    assert.deepEqual(await readdir(join(demo.directory, 'tmp')), [])
  })
}

for (const signal of SIGNALS) {
  test(`netroot demo ended by ${signal} while its machine boots leaves nothing behind`, {
    timeout: 60_000,
  }, async (t) => {
    const demo = await Demo.make(t, 'cat "$ARCHIVE"')
    const { directory } = await preparedStore()
    await cp(join(directory, 'cache'), join(demo.store, 'cache'), { recursive: true })
    const archive = join(demo.directory, 'root.tar')
    await writeFile(archive, specimenArchive())
    const { child, ended } = demo.start({ env: { ARCHIVE: archive } })
    let told = ''
    child.stdout?.on('data', (chunk: Buffer) => (told += chunk.toString()))
    while (!told.includes('"type":"dhcp.ack"') && child.exitCode === null) await sleep(50) // iPXE is at work
    assert.ok((await demo.processes()).some((line) => line.includes('qemu-system')))
    await ReleaseStore.open(demo.store)
    assert.notDeepEqual(await namesIn(join(demo.store, 'leases')), []) // of a process in use nothing is removed
    child.kill(signal)
    const { status, stderr } = await ended
    assert.equal(status, STATUS[signal], stderr)
    if (signal !== 'SIGKILL') assert.match(stderr, /^netroot: Interrupted$/m)
    await demo.assertGone()
    assert.deepEqual(await readdir(join(demo.directory, 'tmp')), [])
    const names = (await run('ip', ['netns', 'list'])).toString()
    assert.doesNotMatch(names, /netroot/)
  })
}
