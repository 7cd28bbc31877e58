import assert from 'node:assert/strict'
import { readdir, readFile, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Release } from '../../src/image/store.ts'
import { ensureTools } from '../../src/initramfs/parts.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../../src/initramfs/testing.ts'
import { debianRelease } from '../support/debian.ts'
import { type Ended, NETROOT, runToEnd, start } from '../support/netroot.ts'

let release: Release
let directory: TemporaryDirectory

before(async () => {
  const { store, digest } = await debianRelease()
  release = await store.openRelease(digest)
  directory = await temporaryDirectory()
})
after(async () => {
  await release.close()
  await directory[Symbol.asyncDispose]()
})

function build(output: string, ...more: readonly string[]): readonly string[] {
  return [
    'initramfs',
    'build',
    '--root',
    release.tar,
    '--store',
    directory.path,
    '-o',
    join(directory.path, output),
    ...more,
  ]
}

async function netroot(args: readonly string[]): Promise<Ended> {
  return runToEnd(NETROOT, args)
}

describe('netroot initramfs', { timeout: 300_000 }, () => {
  test('build makes the same file on any host: umask, time zone, directory, modules loaded, cache or none [FB52]', async () => {
    const script = `mount -t tmpfs none /sys/module
      [ ! -e /proc/modules ] || mount --bind /dev/null /proc/modules
      umask 077
      cd /
      TZ=Asia/Kathmandu LC_ALL=C exec setarch --uname-2.6 "$0" "$@"`
    const [one, two] = await Promise.all([
      netroot(build('one')),
      runToEnd('unshare', ['--map-root-user', '--mount', 'sh', '-ec', script, NETROOT, ...build('two', '--no-cache')]),
    ])
    assert.deepEqual([one.status, two.status], [0, 0], one.stderr + two.stderr)
    const [first, second] = await Promise.all(['one', 'two'].map((name) => readFile(join(directory.path, name))))
    assert.ok(first?.equals(second ?? new Uint8Array()))
    assert.match(one.stdout, /^kernel +6\.\S+ \(amd64\), \/boot\/vmlinuz-6\.\S+$/m)
    assert.match(one.stdout, /^drivers +.* \d+ modules$/m)
    assert.match(
      one.stdout,
      /^missing +tigon\/\S+ and \d more, for tg3 \(Broadcom Tigon3 .*\): Debian's firmware-misc-nonfree$/m,
    )
  })

  test('show lists the parts of a file', async () => {
    const { stdout } = await netroot(['initramfs', 'show', join(directory.path, 'one')])
    assert.match(stdout, /^PART +COMPRESSION +SIZE +UNPACKED +ENTRIES +MODULES +FIRMWARE\ntools\+drivers +zstd /)
    const json = await netroot(['initramfs', 'show', '--json', join(directory.path, 'one')])
    const parts = JSON.parse(json.stdout) as { part: string; files: string[]; modules: string[] }[]
    assert.deepEqual(
      parts.map(({ part }) => part),
      ['tools+drivers'],
    )
    assert.ok(parts[0]?.files.includes('init') && parts[0].modules.includes('virtio_net'))
  })

  test('build says what is wrong with what it was given', async () => {
    const none = await netroot(['initramfs', 'build', '--root', '/none', '-o', join(directory.path, 'x')])
    assert.equal(none.status, 2)
    assert.match(none.stderr, /^netroot: Cannot read the root \/none: there is no such file or directory$/m)
    const kernel = await netroot(build('x', '--kernel', '1.2.3'))
    assert.equal(kernel.status, 1)
    assert.match(kernel.stderr, /^netroot: Cannot find \/lib\/modules\/1\.2\.3 in the root: there are modules for 6\./m)
    const module = await netroot(build('x', '--modules', 'raid1,e1001'))
    assert.match(module.stderr, /Cannot find the module "e1001" of kernel 6\./)
    assert.ok(!(await readdir(directory.path)).includes('x'))
  })

  test('two at once on one empty cache both succeed and leave nothing half-written', async () => {
    await using cache = await temporaryDirectory()
    const args = ['--store', cache.path]
    const outputs = ['a', 'b'].map((name) => join(cache.path, name))
    const running = outputs.map((output) =>
      start(NETROOT, ['initramfs', 'build', '--root', release.tar, '-o', output, ...args]),
    )
    const ended = await Promise.all(running.map((one) => one.ended))
    assert.deepEqual(
      ended.map(({ status }) => status),
      [0, 0],
      ended.map(({ stderr }) => stderr).join(''),
    )
    const [a, b] = await Promise.all(outputs.map((output) => readFile(output)))
    assert.ok(a?.equals(b ?? new Uint8Array()))
    const left = await readdir(join(cache.path, 'cache'), { recursive: true })
    assert.deepEqual(
      left.filter((name) => /\.tmp$|\.apt-/.test(name)),
      [],
    )
  })
})

describe('ensureTools()', { timeout: 300_000 }, () => {
  const dead = { uri: 'http://127.0.0.1:9/debian' }
  const request = { architecture: 'amd64', compression: 'zstd' } as const

  test('needs no network once it has the package, undamaged, and says what it cannot fetch', async () => {
    await using cache = await temporaryDirectory()
    await assert.rejects(ensureTools(cache.path, { ...request, mirror: dead }), (error: Error) => {
      assert.match(
        error.message,
        /^Cannot fetch busybox-static of Debian trixie \(amd64\) from http:\/\/127.0.0.1:9\/debian$/,
      )
      assert.match((error.cause as Error).message, /127\.0\.0\.1/)
      return true
    })
    const online = await ensureTools(cache.path, request)
    assert.deepEqual(await ensureTools(cache.path, { ...request, mirror: dead }), online)
    const shelf = join(cache.path, 'debian/trixie-amd64')
    const deb = (await readdir(shelf)).find((name) => name.endsWith('.deb')) ?? ''
    await truncate(join(shelf, deb), 1000)
    assert.deepEqual(await ensureTools(cache.path, request), online, 'a cut package is fetched anew')
  })

  test('makes tools for another architecture than this host', async () => {
    await using cache = await temporaryDirectory()
    const part = await ensureTools(cache.path, { ...request, architecture: 'arm64' })
    assert.match(part.report.busybox, /^busybox-static 1:1\.37/)
  })
})
