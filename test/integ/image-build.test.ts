import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { specimenTar } from '../../src/image/specimen.ts'
import { readPath, resolvePath } from '../../src/storage/paths.ts'
import { debianRelease } from '../support/debian.ts'
import { NETROOT, type Running, runToEnd, start } from '../support/netroot.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-integ-build-'))
after(() => rmSync(base, { recursive: true }))
writeFileSync(join(base, 'root.tar'), specimenTar())

let count = 0
/** `image build` with another mmdebstrap: a shell script. */
function build(script: string, ...args: readonly string[]): Running & { store: string } {
  const bin = join(base, `bin-${++count}`)
  const store = join(base, `store-${count}`)
  mkdirSync(bin)
  if (script !== '') writeFileSync(join(bin, 'mmdebstrap'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  for (const name of ['sh', 'cat', 'head', 'readlink', 'dirname', 'setpriv', 'unshare', 'sleep', 'mktemp'])
    symlinkSync(`/usr/bin/${name}`, join(bin, name))
  return { ...start(NETROOT, ['image', 'build', 'x', '--store', store, ...args], { PATH: bin }), store }
}
function leftIn(store: string): string[] {
  return readdirSync(join(store, 'tmp'))
}

test('image build takes what mmdebstrap writes, and tells how it goes on', async () => {
  const script = `echo "I: installing packages..." >&2; printf '%s\\n' "$@" >${base}/args; cat ${base}/root.tar`
  const { ended, store } = build(
    script,
    '--suite',
    'sid',
    '--packages',
    'vim,less',
    '--mirror',
    'http://near.example/debian',
    '--arch',
    'arm64',
  )
  const { status, stdout, stderr } = await ended
  assert.equal(status, 0, stderr)
  assert.match(stdout, /^Specimen GNU\/Linux 1, amd64, kernel 6\.1\.0-10-amd64/)
  assert.match(
    stderr,
    /building x: Debian sid \(arm64\) from deb http:\/\/near\.example\/debian sid main\n[^]* s {2}installing packages\.\.\.\n/,
  )
  const args = readFileSync(join(base, 'args'), 'utf8')
  assert.match(args, /^--architectures=arm64\n--include=.*less,.*linux-image-arm64,.*,vim$/m)
  assert.match(args, /^sid\n-\ndeb http:\/\/near\.example\/debian sid main\n$/m)
  assert.deepEqual(leftIn(store), [])
})

test('image build shows the last lines of an mmdebstrap that fails, though it wrote half an archive', async () => {
  const { ended, store } = build(`head -c 3000 ${base}/root.tar; echo 'E: no such suite' >&2; exit 25`)
  const { status, stderr } = await ended
  assert.equal(status, 1)
  assert.match(stderr, /netroot: Cannot build Debian trixie .*: mmdebstrap ended with status 25:\nE: no such suite$/m)
  assert.deepEqual([leftIn(store), existsSync(join(store, 'releases'))], [[], false])
})

test('image build says what to install when mmdebstrap is missing', async () => {
  const { status, stderr } = await build('').ended
  assert.equal(status, 77)
  assert.equal(
    stderr.split('\n').at(-2),
    'netroot: mmdebstrap is missing, it builds Debian images; install it: apt-get install mmdebstrap',
  )
})

test('image build refuses a password that chpasswd would misread', async () => {
  const { status, stderr } = await build('', '--password', 'a:b').ended
  assert.equal(status, 2)
  assert.match(stderr, /Cannot use this password/)
})

for (const signal of ['SIGINT', 'SIGKILL'] as const) {
  test(`image build ended by ${signal} ends mmdebstrap and all that it started`, async () => {
    const heart = join(base, `heart-${signal}`)
    const script = `mktemp -d; sh -c 'while :; do echo >>${heart}; sleep 0.1; done' & wait`
    const { child, ended, store } = build(script)
    while (!existsSync(heart)) await pause(20)
    child.kill(signal)
    assert.equal((await ended).status, signal === 'SIGINT' ? 130 : 'SIGKILL')
    await pause(500)
    const beats = readFileSync(heart).byteLength
    await pause(500)
    assert.equal(readFileSync(heart).byteLength, beats) // nobody writes any more
    await runToEnd(NETROOT, ['image', 'list', '--store', store])
    assert.deepEqual(leftIn(store), [])
  })
}

test('ensureImage() built a Debian that belongs to no machine yet, and keeps it', { timeout: 600_000 }, async () => {
  const { store, digest } = await debianRelease()
  const info = await store.info(digest)
  assert.match(info.system, /^Debian GNU\/Linux 13/)
  assert.ok(info.kernels[0]?.modules)
  await using release = await store.openRelease(digest)
  const text = async (path: string): Promise<string | undefined> => (await readPath(release.tree, path))?.toString()
  const names = async (path: string): Promise<string> => {
    const node = (await resolvePath(release.tree, path)) ?? assert.fail(path)
    return (await release.tree.list(node)).map(({ name }) => name).join(' ')
  }
  assert.deepEqual([await text('etc/machine-id'), await text('etc/hostname')], ['', undefined])
  assert.match((await text('etc/fstab')) ?? '', /^#.*\n$/)
  assert.doesNotMatch(await names('etc/ssh'), /ssh_host/)
  assert.match(await names('boot'), /vmlinuz-/)
  assert.doesNotMatch(await names('boot'), /initrd/)
  assert.match((await text('etc/shadow')) ?? '', /^root:\$/m)
  const again = performance.now()
  assert.equal((await debianRelease()).digest, digest)
  assert.ok(performance.now() - again < 100)
})
