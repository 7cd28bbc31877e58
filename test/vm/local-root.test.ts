import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { joinParts } from '../../src/initramfs/join.ts'
import { kernelVersions } from '../../src/initramfs/module-index.ts'
import { ensureDrivers, ensureTools } from '../../src/initramfs/parts.ts'
import { Lab } from '../../src/lab/lab.ts'
import { readPath } from '../../src/storage/paths.ts'
import { run } from '../../src/sys/run.ts'
import { debianRelease } from '../support/debian.ts'

/** Tells what it was started with and what it finds; nothing of the initramfs may be among it. */
const INIT = `#!/bin/busybox sh
busybox mount -t proc proc /proc 2>/dev/null
echo "init: $*"
busybox grep ' / ' /proc/mounts
busybox awk '/^(Shmem|Unevictable):/ { sum += $2 } END { print "held KiB: " sum }' /proc/meminfo
echo "modules: $(busybox awk '{ printf "%s ", $1 }' /proc/modules)"
echo told
busybox poweroff -f
`

/** A disk with an ext4 file system of the label `local`, made without mounting anything. */
async function makeDisk(directory: string, busybox: string): Promise<string> {
  const [tree, disk] = [join(directory, 'tree'), join(directory, 'disk')]
  for (const name of ['bin', 'sbin', 'proc', 'sys', 'dev', 'run']) await mkdir(join(tree, name), { recursive: true })
  await run('cp', [busybox, join(tree, 'bin/busybox')])
  await writeFile(join(tree, 'sbin/init'), INIT, { mode: 0o755 })
  await run('mkfs.ext4', ['-q', '-L', 'local', '-d', tree, disk, '32M'])
  return disk
}

test('the same init boots a root on a disk of the machine, without a network; the initramfs is given back [FB19]', {
  timeout: 120_000,
}, async (t) => {
  const { store, digest } = await debianRelease()
  await using release = await store.openRelease(digest)
  await using lab = await Lab.open()
  const version = (await kernelVersions(release.tree)).at(-1) ?? ''
  const cache = join(store.directory, 'cache')
  const modules = ['virtio_blk', 'ext4']
  const drivers = await ensureDrivers(cache, release.tree, digest, version, { modules })
  const tools = await ensureTools(cache, { architecture: drivers.report.architecture, compression: 'zstd' })
  const [kernel, initrd] = [join(lab.directory, 'vmlinuz'), join(lab.directory, 'initrd')]
  await writeFile(kernel, (await readPath(release.tree, `/boot/vmlinuz-${version}`)) ?? '')
  await joinParts([tools.path, drivers.path], initrd)
  const disk = await makeDisk(lab.directory, '/bin/busybox')
  await using pc = await lab.powerOn({
    kernel,
    initrd,
    append: 'console=ttyS0 loglevel=3 root=LABEL=local rootfstype=ext4 rw single',
    cards: [],
    memoryMiB: 512,
    extraArgs: ['-drive', `if=virtio,format=raw,file=${disk}`],
  })
  await pc.console.waitFor(/^told$/m, { timeoutMs: 60_000 })
  const { text } = pc.console
  assert.match(text, /root: LABEL=local, a disk of this machine/)
  assert.match(text, /^init: single$/m)
  assert.match(text, /^\/dev\/vda \/ ext4 rw,/m)
  const held = Number(/^held KiB: (\d+)$/m.exec(text)?.[1])
  t.diagnostic(
    `held after switch_root: ${held} KiB; parts unpacked: ${(tools.unpackedSize + drivers.unpackedSize) >> 10} KiB`,
  )
  assert.ok(held < 1024, `${held} KiB of files are held in memory`)
  assert.doesNotMatch(/^modules: .*$/m.exec(text)?.[0] ?? '', /e1000|r8169|nbd|squashfs|usb/)
  assert.equal((await pc.exited).reason, 'shutdown')
})
