import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackRelease } from '../src/image/unpack.ts'
import { joinParts } from '../src/initramfs/join.ts'
import { kernelVersions } from '../src/initramfs/module-index.ts'
import { ensureDrivers, ensureTools } from '../src/initramfs/parts.ts'
import { readPath } from '../src/storage/paths.ts'
import { run } from '../src/sys/run.ts'
import { debianRelease } from '../test/support/debian.ts'

/** One Debian as an archive for NFS and as a disk, with one kernel and one initramfs for both. */
export interface NfsBootFiles extends AsyncDisposable {
  readonly tar: string
  readonly disk: string
  readonly kernel: string
  readonly initrd: string
  readonly kernelVersion: string
}

const DISK_BYTES = 3 * 2 ** 30

/** Needs root, to unpack the release with its owners. */
export async function nfsBootFiles(signal: AbortSignal): Promise<NfsBootFiles> {
  const { store, digest } = await debianRelease()
  const tree = await unpackRelease(store, digest, signal)
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-nfs-boot-'))
  const [disk, kernel, initrd] = ['disk', 'vmlinuz', 'initrd'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  await writeFile(disk, '')
  await truncate(disk, DISK_BYTES)
  await run('mkfs.ext4', ['-q', '-d', tree, disk], { signal })
  await using release = await store.openRelease(digest)
  const kernelVersion = (await kernelVersions(release.tree)).at(-1) ?? ''
  const cache = join(store.directory, 'cache')
  const modules = ['virtio_blk', 'ext4']
  const drivers = await ensureDrivers(cache, release.tree, digest, kernelVersion, { modules })
  const tools = await ensureTools(cache, { architecture: drivers.report.architecture, compression: 'zstd' })
  await writeFile(kernel, (await readPath(release.tree, `/boot/vmlinuz-${kernelVersion}`)) ?? '')
  await joinParts([tools.path, drivers.path], initrd)
  const close = (): Promise<void> => rm(directory, { recursive: true, force: true })
  return { tar: release.tar, disk, kernel, initrd, kernelVersion, [Symbol.asyncDispose]: close }
}
