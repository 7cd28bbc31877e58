import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unpackRelease } from '../../src/image/unpack.ts'
import { joinParts } from '../../src/initramfs/join.ts'
import { kernelVersions } from '../../src/initramfs/module-index.ts'
import { ensureDrivers, ensureTools } from '../../src/initramfs/parts.ts'
import type { Lab } from '../../src/lab/lab.ts'
import { readPath } from '../../src/storage/paths.ts'
import { run } from '../../src/sys/run.ts'
import { debianWith } from '../support/debian.ts'
import { Session } from '../vm/served.ts'

/* A virtual machine whose Debian, on a disk of its own, serves NFS with the kernel's nfsd. */

export interface NfsdOptions {
  /** With its prefix length. */
  readonly address: string
  /** A directory of this host that it has at /srv, on another disk. */
  readonly srv: string
}

/** Starts it, and logs in: nothing is exported yet. */
export async function startNfsdMachine(lab: Lab, { address, srv }: NfsdOptions): Promise<Session> {
  const { store, digest } = await debianWith('nfs-server', ['nfs-kernel-server'])
  await using release = await store.openRelease(digest)
  const version = (await kernelVersions(release.tree)).at(-1) ?? ''
  const cache = join(store.directory, 'cache')
  const drivers = await ensureDrivers(cache, release.tree, digest, version, { modules: ['virtio_blk', 'ext4'] })
  const tools = await ensureTools(cache, { architecture: drivers.report.architecture, compression: 'zstd' })
  const [kernel, initrd] = ['server.vmlinuz', 'server.initrd'].map((name) => join(lab.directory, name))
  await writeFile(kernel ?? '', (await readPath(release.tree, `/boot/vmlinuz-${version}`)) ?? '')
  await joinParts([tools.path, drivers.path], initrd ?? '')
  const root = await makeDisk(lab, 'server', await unpackRelease(store, digest))
  const data = await makeDisk(lab, 'srv', srv)
  const machine = await lab.powerOn({
    name: 'server',
    kernel: kernel ?? '',
    initrd: initrd ?? '',
    append: 'console=ttyS0 loglevel=3 root=LABEL=server rootfstype=ext4 rw',
    memoryMiB: 768,
    extraArgs: [root, data].flatMap((file) => ['-drive', `if=virtio,format=raw,file=${file}`]),
  })
  const session = await Session.login(machine)
  await session.run('mount LABEL=srv /srv')
  await session.run(
    `card=$(ls /sys/class/net | grep -v lo) && ip address add ${address} dev $card && ip link set $card up`,
  )
  return session
}

/** An ext4 file system of that label with what is in a directory, owners and all, and some room. */
async function makeDisk(lab: Lab, label: string, directory: string): Promise<string> {
  const disk = join(lab.directory, `${label}.disk`)
  const [kilobytes = '0'] = (await run('du', ['-sk', '--apparent-size', directory])).toString().split('\t')
  const size = `${Math.ceil(Number(kilobytes) * 1.4) + 200_000}k`
  await run('mkfs.ext4', ['-q', '-L', label, '-d', directory, disk, size])
  return disk
}
