import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { SPECIMEN_KERNEL, specimenTar } from '../../src/image/specimen.ts'
import { type Ended, NETROOT, runToEnd, type Running, start } from '../support/netroot.ts'

const base = mkdtempSync(join(tmpdir(), 'netroot-integ-import-'))
after(() => rmSync(base, { recursive: true }))
const isRoot = process.getuid?.() === 0

const plain = join(base, 'root.tar')
writeFileSync(plain, specimenTar({ './usr/share/big': 'zero'.repeat(500_000) }))
const DIGEST = execFileSync('sha256sum', [plain]).toString().slice(0, 64)

let count = 0
const newStore = (): string => join(base, `store-${count++}`)
const image = (store: string, ...args: readonly string[]): Promise<Ended> =>
  runToEnd(NETROOT, ['image', ...args, '--store', store])

test('image import takes plain, gzip, xz and zstd, whatever the file is called, and keeps the same bytes', async () => {
  const store = newStore()
  const commands = {
    gz: ['gzip', '-c'],
    xz: ['xz', '-c'],
    zst: ['zstd', '-c', '-q'],
    long: ['zstd', '-c', '-q', '--long=31'],
    twice: ['sh', '-c', 'head -c 9999 "$1" | gzip; tail -c +10000 "$1" | gzip', 'sh'],
  }
  for (const [name, [program = '', ...args]] of Object.entries(commands)) {
    const path = join(base, `archive.${name}.txt`)
    writeFileSync(path, execFileSync(program, [...args, plain], { maxBuffer: 1 << 26 }))
    const { status, stderr, stdout } = await image(store, 'import', name, path, '--json')
    assert.equal(status, 0, stderr)
    assert.equal((JSON.parse(stdout) as { digest: string }).digest, DIGEST, name)
  }
  const { stdout } = await image(store, 'import', 'plain', plain)
  assert.match(stdout, /^Specimen GNU\/Linux 1, amd64, kernel 6\.1\.0-10-amd64, 2\.0 MB, 14 entries$/m)
  assert.match(
    stdout,
    new RegExp(`^Release ${DIGEST} was there already and is now the current one of image plain$`, 'm'),
  )
})

test('image list, show and rm say what there is', async () => {
  const store = newStore()
  assert.match(
    (await image(store, 'list')).stdout,
    /^There are no images in .*; make one with: netroot image build debian$/m,
  )
  await image(store, 'import', 'lab', plain)
  assert.match(
    (await image(store, 'list')).stdout,
    new RegExp(`^lab +${DIGEST.slice(0, 12)} +Specimen GNU/Linux 1 +amd64 +6\\.1\\.0-10-amd64 +2\\.0 MB`, 'm'),
  )
  const { stdout } = await image(store, 'show', 'lab', '--verify')
  assert.match(stdout, /^size +2\.0 MB in 14 entries, verified$/m)
  assert.match(stdout, /^kernels +6\.1\.0-10-amd64, 1\.0 kB, \/boot\/vmlinuz-6\.1\.0-10-amd64, with modules$/m)
  assert.match(stdout, /^ +6\.1\.0-9-amd64, .*, without usable modules$/m)
  assert.deepEqual(await image(store, 'rm', 'lab'), { status: 0, stdout: `Removed release ${DIGEST}\n`, stderr: '' })
  const { status, stderr } = await image(store, 'show', 'lab')
  assert.equal(status, 1)
  assert.match(stderr, /^netroot: There is no image or release "lab" in .*; images are: none$/m)
})

test('image import reads standard input, and a directory as it is', async () => {
  const store = newStore()
  const piped = await runToEnd(
    NETROOT,
    ['image', 'import', 'piped', '-', '--store', store, '--json'],
    readFileSync(plain),
  )
  assert.equal((JSON.parse(piped.stdout) as { digest: string }).digest, DIGEST)
  const root = join(base, 'unpacked')
  mkdirSync(root)
  execFileSync('tar', ['-xf', plain, '-C', root, '--no-same-owner'])
  const digests: string[] = []
  for (const name of ['one', 'two']) {
    const { stdout, stderr } = await image(store, 'import', name, root, '--json')
    assert.equal(stderr.includes('netroot:'), false, stderr)
    digests.push((JSON.parse(stdout) as { digest: string }).digest)
  }
  assert.equal(digests[0], digests[1])
})

test('image import of a directory leaves out the store in it, sockets and what is mounted there', async () => {
  const root = join(base, 'mounted')
  for (const name of ['proc', 'var']) mkdirSync(join(root, name), { recursive: true })
  execFileSync('tar', ['-xf', plain, '-C', root, '--no-same-owner'])
  await using socket = createServer().listen(join(root, 'var/socket'))
  assert.ok(socket.listening || existsSync(join(root, 'var/socket')))
  const script =
    'mount -t tmpfs none "$R/proc" && echo x >"$R/proc/inside" && "$N" image import x "$R" --store "$R/var/store"'
  const namespace = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  const { status, stderr } = await runToEnd('unshare', [
    ...namespace,
    'env',
    `R=${root}`,
    `N=${NETROOT}`,
    'sh',
    '-c',
    script,
  ])
  assert.equal(status, 0, stderr)
  const [digest = ''] = readdirSync(join(root, 'var/store/releases'))
  const names = execFileSync('tar', ['-tf', join(root, 'var/store/releases', digest, 'root.tar')])
    .toString()
    .split('\n')
  assert.deepEqual(
    names.filter((name) => /^(proc|var)/.test(name)),
    ['proc/', 'var/'],
  )
})

test('image import says what is wrong with a compressed archive', async () => {
  const store = newStore()
  const whole = {
    gzip: execFileSync('gzip', ['-c', plain]),
    xz: execFileSync('xz', ['-c', plain]),
    zstd: execFileSync('zstd', ['-c', plain]),
  }
  for (const [name, bytes] of Object.entries(whole)) {
    const path = join(base, `cut.${name}`)
    writeFileSync(path, bytes.subarray(0, bytes.byteLength - 20))
    const { status, stderr } = await image(store, 'import', 'x', path)
    assert.equal(status, 1)
    assert.match(stderr, new RegExp(`netroot: Cannot import ${path}: the ${name} data is cut or damaged: `))
  }
  writeFileSync(join(base, 'x.bz2'), 'BZh91AY')
  assert.match(
    (await image(store, 'import', 'x', join(base, 'x.bz2'))).stderr,
    /it is bzip2, decompress it first: bunzip2/,
  )
  assert.deepEqual([readdirSync(join(store, 'tmp')), existsSync(join(store, 'releases'))], [[], false])
})

test('image import finds bytes that mean nothing to be no archive', async () => {
  const noise = Buffer.from(Array.from({ length: 5000 }, (_, at) => (at * 197 + 13) & 0xff))
  const { stderr } = await runToEnd(NETROOT, ['image', 'import', 'x', '-', '--store', newStore()], noise)
  assert.match(stderr, /netroot: Cannot import standard input: Cannot read tar at byte 0: this is not a tar archive/)
})

/** A store on a small file system of its own; the script goes on with the store in $S and netroot as $N. */
async function onSmallDisk(megabytes: number, script: string): Promise<Ended> {
  const store = newStore()
  mkdirSync(store)
  const setUp = `mount -t tmpfs -o size=${megabytes}m none "$S" && ${script}`
  const namespace = isRoot ? ['--mount'] : ['--user', '--map-root-user', '--mount']
  return runToEnd('unshare', [...namespace, 'env', `S=${store}`, `N=${NETROOT}`, 'sh', '-c', setUp])
}

test('image import says how much room is missing, before it begins', async () => {
  const { stdout, stderr } = await onSmallDisk(
    30,
    `"$N" image import x ${plain} --store "$S"; echo "status $?"; ls -A "$S/tmp"`,
  )
  assert.match(
    stderr,
    /There is no room for the release in .*, free some or name another store with --store: 35\.6 MB are needed, 31\.\d MB are free/,
  )
  assert.equal(stdout, 'status 1\n')
})

test('image import leaves nothing behind on a disk that fills while it writes', async () => {
  const big = join(base, 'big.tar.gz')
  const bytes = specimenTar({ './usr/share/big': '\0'.repeat(60_000_000) })
  writeFileSync(big, execFileSync('gzip', ['-1c'], { input: bytes, maxBuffer: 1 << 28 }))
  const { stdout, stderr } = await onSmallDisk(
    40,
    `"$N" image import x ${big} --store "$S"; echo "status $?"; ls -A "$S" "$S/tmp"; df --output=used "$S"`,
  )
  assert.match(
    stderr,
    /There is no room for the release in .*: it filled up behind 4\d\.\d MB of the archive, \d+\.\d MB are free: ENOSPC/,
  )
  assert.match(stdout, /^status 1\n[^\n]*\ntmp\n\n[^\n]*\n\s*Used\n\s*\d{1,3}\n$/)
})

/** An import that waits for the second half of its archive. */
async function halfImport(store: string): Promise<Running> {
  const running = start(NETROOT, ['image', 'import', 'x', '-', '--store', store])
  const bytes = readFileSync(plain)
  running.child.stdin?.write(bytes.subarray(0, bytes.byteLength >> 1))
  while (!halfWritten(store)) await pause(20)
  return running
}
function halfWritten(store: string): boolean {
  const tmp = join(store, 'tmp')
  const [stage] = existsSync(tmp) ? readdirSync(tmp) : []
  const path = join(tmp, stage ?? '', 'root.tar')
  return stage !== undefined && existsSync(path) && statSync(path).size > 500_000
}

test('image import killed in the middle leaves no release, and the next command removes the rest', async () => {
  const store = newStore()
  const { child, ended } = await halfImport(store)
  child.kill('SIGKILL')
  assert.equal((await ended).status, 'SIGKILL')
  assert.equal(readdirSync(join(store, 'tmp')).length, 1)
  assert.match((await image(store, 'list')).stdout, /There are no images/)
  assert.deepEqual(readdirSync(store), ['tmp'])
  assert.deepEqual(readdirSync(join(store, 'tmp')), [])
  assert.equal((await image(store, 'import', 'x', plain)).status, 0)
})

test('image import does not remove what another one is writing', async () => {
  const store = newStore()
  const { child, ended } = await halfImport(store)
  assert.equal((await image(store, 'import', 'y', plain)).status, 0)
  child.stdin?.end(readFileSync(plain).subarray(readFileSync(plain).byteLength >> 1))
  assert.equal((await ended).status, 0)
  assert.match((await image(store, 'show', 'x')).stdout, new RegExp(`^release +${DIGEST}\\nimages +x, y$`, 'm'))
})

test('image import interrupted with Ctrl-C removes what it wrote', async () => {
  const store = newStore()
  const { child, ended } = await halfImport(store)
  child.kill('SIGINT')
  const { status, stderr } = await ended
  assert.equal(status, 130)
  assert.match(stderr, /netroot: The import of standard input was interrupted/)
  assert.deepEqual(readdirSync(join(store, 'tmp')), [])
})

test('image import names what is missing in a directory that is no root', async () => {
  const root = join(base, 'half')
  mkdirSync(join(root, 'boot'), { recursive: true })
  mkdirSync(join(root, 'sbin'))
  writeFileSync(join(root, 'boot/vmlinuz-6.1'), Buffer.from(SPECIMEN_KERNEL, 'latin1'))
  writeFileSync(join(root, 'sbin/init'), '#!/bin/sh\n', { mode: 0o755 })
  const { stderr } = await image(newStore(), 'import', 'x', root)
  assert.match(
    stderr,
    /netroot: Cannot import .*half: It has no modules for its kernel 6\.1, want \/usr\/lib\/modules\/6\.1/,
  )
})
