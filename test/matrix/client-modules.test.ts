import assert from 'node:assert/strict'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { completeTree } from '../../src/formats/cpio/tree.ts'
import { textFile, writeCpio } from '../../src/formats/cpio/write.ts'
import { inspectInitramfs } from '../../src/initramfs/inspect.ts'
import { joinParts } from '../../src/initramfs/join.ts'
import { temporaryDirectory, type TemporaryDirectory } from '../../src/initramfs/testing.ts'
import { Lab } from '../../src/lab/lab.ts'
import { run } from '../../src/sys/run.ts'
import { TEST_CACHE } from '../support/debian.ts'
import { NETROOT, runToEnd } from '../support/netroot.ts'
import { DISTRIBUTIONS, type KernelRoot, kernelRoot } from './kernel-roots.ts'

/*
 * Modules of real kernels, compressed in each way that distributions have, load on a machine from an initramfs of ours;
 * and a module that does not load stops nothing.
 */

const TIMEOUT = { timeout: 600_000 } as const

let lab: Lab
let scratch: TemporaryDirectory

before(async () => {
  scratch = await temporaryDirectory()
  lab = await Lab.open()
})
after(async () => {
  await lab?.[Symbol.asyncDispose]()
  await scratch?.[Symbol.asyncDispose]()
})

function kernelOf(suite: string): Promise<KernelRoot> {
  const found = DISTRIBUTIONS.find((one) => one.suite === suite && one.architecture === 'amd64')
  return kernelRoot(found ?? assert.fail(`no Debian ${suite}`))
}

/** An initramfs fitted to cards. */
async function build({ directory, kernelVersion }: KernelRoot, name: string, cards = '8086:100e'): Promise<string> {
  const file = join(scratch.path, name)
  const words = [directory, '--kernel', kernelVersion, '--fit', cards, '-o', file, '--store', join(TEST_CACHE, 'store')]
  words.push('--kernel-output', `${file}.kernel`) // where it is differs between kernels
  const built = await runToEnd(NETROOT, ['initramfs', 'build', ...words])
  assert.equal(built.status, 0, built.stderr)
  return file
}

interface Started {
  readonly screen: string
  readonly log: string
}

/** Boots as far as the network, and reads what the machine has written down. Nothing of it may be noise. */
async function start(name: string, kernel: string, initrd: string): Promise<Started> {
  const address = 'ip=10.77.0.9::10.77.0.1:24:pc:eth0:none'
  const append = `console=ttyS0 loglevel=3 ${address} root=nfs:10.77.0.1:/none rd.break=pre-mount`
  const cards = [{ model: 'e1000' }, { model: 'virtio-net-pci' }] as const
  await using pc = await lab.powerOn({ name, memoryMiB: 512, cards, kernel, initrd, append })
  await pc.console.waitFor('netroot: eth0 has 10.77.0.9/24', { timeoutMs: 120_000 })
  const prompt = await pc.console.waitFor('~ # ')
  const screen = pc.console.text
  pc.console.send('cut -d " " -f 1 /proc/modules; cat /run/netroot/log; echo e""nd')
  await pc.console.waitFor('\nend', { from: prompt.end })
  return { screen, log: pc.console.text.slice(prompt.end) }
}

const LOADED = /^e1000$[^]*^nfsv3$|^nfsv3$[^]*^e1000$/m
/** What programs and kernel say of a module that does not load. */
const NOISE = /modprobe|can't|Invalid|ELF|failed/i

for (const suite of ['trixie', 'sid']) {
  test(`modules of Debian ${suite} (.ko.xz) load`, TIMEOUT, async () => {
    const root = await kernelOf(suite)
    await loads(await build(root, suite), suite)
  })
}

async function loads(initrd: string, name: string, kernel = `${initrd}.kernel`): Promise<string> {
  const { screen, log } = await start(name, kernel, initrd)
  assert.match(log, LOADED)
  assert.doesNotMatch(screen.slice(screen.indexOf('netroot: ')), NOISE)
  return log
}

/** The root with those modules alone that an initramfs of it has, compressed anew. */
async function recompressed(
  root: KernelRoot,
  ending: string,
  compress: (module: Uint8Array) => Uint8Array,
): Promise<KernelRoot> {
  const directory = join(scratch.path, `root${ending}`)
  const modules = join(directory, 'lib/modules', root.kernelVersion)
  await mkdir(join(directory, 'boot'), { recursive: true })
  await cp(root.kernelPath, join(directory, 'boot', `vmlinuz-${root.kernelVersion}`))
  await cp(
    join(root.directory, `boot/config-${root.kernelVersion}`),
    join(directory, `boot/config-${root.kernelVersion}`),
  )
  await mkdir(modules, { recursive: true })
  for (const name of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    await cp(join(root.directory, 'lib/modules', root.kernelVersion, name), join(modules, name))
  const paths = (await moduleNames(await build(root, `for${ending}`))).map((name) => name.replace(/\.ko.*$/, '.ko'))
  for (const path of paths) {
    const module = await run('xz', ['--decompress', '--stdout', join(root.directory, `${path}.xz`)])
    await mkdir(dirname(join(directory, path)), { recursive: true })
    await writeFile(join(directory, path), module)
  }
  const env = { PATH: `${process.env['PATH']}:/usr/sbin:/sbin` }
  await run('depmod', ['--basedir', directory, root.kernelVersion], { env }) // which may not know this compression
  for (const path of paths) {
    await writeFile(join(directory, path + ending), compress(await readFile(join(directory, path))))
    await rm(join(directory, path))
  }
  const index = join(modules, 'modules.dep')
  await writeFile(index, (await readFile(index, 'utf8')).replaceAll(/\.ko\b/g, `.ko${ending}`))
  return { ...root, directory }
}

async function moduleNames(initramfs: string): Promise<string[]> {
  const segments = await inspectInitramfs(await readFile(initramfs))
  return segments.flatMap(({ entries }) => entries.map(({ name }) => name).filter((name) => /\.ko/.test(name)))
}

const COMPRESSORS = { '.zst': zstdCompressSync, '.gz': gzipSync } as const

for (const [ending, compress] of Object.entries(COMPRESSORS)) {
  test(`modules that are compressed as .ko${ending} load`, TIMEOUT, async () => {
    const root = await recompressed(await kernelOf('trixie'), ending, (module) => compress(module))
    await loads(await build(root, `again${ending}`), `again${ending}`)
  })
}

test('a module that does not load is neither fatal nor noisy: the ones that fit succeed [FB49]', TIMEOUT, async () => {
  const root = await kernelOf('trixie')
  const whole = await build(root, 'two', '8086:100e,1af4:1000')
  const name = (await moduleNames(whole)).find((one) => one.includes('/virtio_net.')) ?? assert.fail('no virtio_net')
  const broken = join(scratch.path, 'broken.cpio')
  await writeFile(broken, Buffer.concat(writeCpio(completeTree([textFile(name, 'no module\n')]))))
  const initrd = join(scratch.path, 'initrd')
  await joinParts([whole, broken], initrd)
  assert.doesNotMatch(await loads(initrd, 'broken', `${whole}.kernel`), /^virtio_net$/m)
})
