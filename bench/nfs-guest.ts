import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackRelease } from '../src/image/unpack.ts'
import { Lab } from '../src/lab/lab.ts'
import { debianRelease } from '../test/support/debian.ts'
import { Session } from '../test/vm/served.ts'
import { describeHost } from './host.ts'
import { nfsBootFiles, type NfsBootFiles } from './nfs-boot-files.ts'
import { GUEST_ROWS, measureInGuest, TUNED_ROWS } from './nfs-guest-rows.ts'
import { type GuestServer, startGuestServers, startNetroot } from './nfs-guest-servers.ts'
import { type GuestTree, guestTree } from './nfs-guest-tree.ts'
import type { Bench, BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'
import { chosenRows, measuredRows, table } from './side-by-side.ts'

/** The kernel's own client, in one virtual machine, with each server in turn. */
export const nfsGuestBench: Bench = (options) => inGuest(options, serversTable)

/** The same machine and netroot's own server, with each option of the mount in turn. */
export const nfsOptionsBench: Bench = (options) => inGuest(options, optionsTable)

async function inGuest(
  options: BenchOptions,
  tableOf: (lab: Lab, tree: GuestTree, machine: () => Promise<Session>, options: BenchOptions) => Promise<string>,
): Promise<string> {
  const { tell, signal } = options
  await needPrograms({ '/usr/bin/ganesha.nfsd': 'nfs-ganesha', '/sbin/rpcbind': 'rpcbind' }, tell)
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-guest-'))
  try {
    tell('makes a tree and a disk of it')
    await using files = await nfsBootFiles(signal)
    const { store, digest } = await debianRelease()
    const tree = await guestTree(directory, await unpackRelease(store, digest))
    const { load, qemu } = await describeHost()
    await using lab = await Lab.open({ signal })
    const rows = await tableOf(lab, tree, () => loggedIn(lab, files, tree, signal), options)
    const heading = `kernel ${files.kernelVersion} as client, 2 processors, QEMU ${qemu}; ${options.runs} × each in turn, medians; load ${load} before`
    return options.json ? rows : `${heading}\n\n${rows}`
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** A machine whose own root is a disk, so that nothing but what is measured goes over its card. */
async function loggedIn(lab: Lab, files: NfsBootFiles, tree: GuestTree, signal: AbortSignal): Promise<Session> {
  const drive = (file: string): string[] => ['-drive', `if=virtio,format=raw,snapshot=on,file=${file}`]
  const machine = await lab.powerOn({
    memoryMiB: 1024,
    cpus: 2,
    kernel: files.kernel,
    initrd: files.initrd,
    append:
      'console=tty0 console=ttyS0 loglevel=3 root=/dev/vda rootfstype=ext4 ro rd.overlay ip=10.77.0.50::::::off rd.neednet=1',
    extraArgs: [...drive(files.disk), ...drive(tree.disk)],
    signal,
  })
  const session = await Session.login(machine)
  const network =
    'ip link set dev "$(ls /sys/class/net | grep -v lo)" up; ip address replace 10.77.0.50/24 dev "$(ls /sys/class/net | grep -v lo)"'
  await session.run(`${network}; mkdir -p /mnt/disk /mnt/nfs && mount /dev/vdb /mnt/disk; modprobe -a nfs nfsv3 nfsv4`)
  return session
}

async function serversTable(
  lab: Lab,
  tree: GuestTree,
  machine: () => Promise<Session>,
  options: BenchOptions,
): Promise<string> {
  const servers = await startGuestServers(lab, tree)
  return measured(lab, GUEST_ROWS, servers, await machine(), options)
}

async function optionsTable(
  lab: Lab,
  tree: GuestTree,
  machine: () => Promise<Session>,
  options: BenchOptions,
): Promise<string> {
  const plain = await startNetroot(lab, 'as mounted by hand', 2049, tree.tar)
  const late = await startNetroot(lab, 'server async', 2050, tree.tar, 'async')
  const more = (name: string, own: Partial<GuestServer>): GuestServer => ({ ...plain, ...own, name })
  const contenders = [
    plain,
    more('nocto,actimeo=600', { options: 'nocto,actimeo=600' }),
    more('nconnect=4', { options: 'nconnect=4' }),
    more('read ahead 1 MiB', { readAheadKib: 1024 }),
    more('read ahead 4 MiB', { readAheadKib: 4096 }),
    more('noatime', { options: 'noatime' }),
    more('client sync', { options: 'sync' }),
    late,
  ]
  return measured(lab, TUNED_ROWS, contenders, await machine(), options)
}

async function measured(
  lab: Lab,
  rows: typeof GUEST_ROWS,
  servers: readonly GuestServer[],
  session: Session,
  options: BenchOptions,
): Promise<string> {
  const chosen = chosenRows(rows, options)
  const samples = await measuredRows(
    chosen,
    servers,
    (row, server) => measureInGuest(lab, session, row, server),
    options,
  )
  return table('in a virtual machine (server CPU s, server MiB)', chosen, servers, samples, options.json)
}
