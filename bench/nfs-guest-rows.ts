import type { Lab } from '../src/lab/lab.ts'
import type { Session } from '../test/vm/served.ts'
import { cpuSecondsOf, peakMibOf } from './guest-cpu.ts'
import type { GuestServer } from './nfs-guest-servers.ts'
import { BIG_MIB, MANY_FILES, PACKAGE_FILES, SMALL_FILES } from './nfs-guest-tree.ts'
import type { Row, Sample } from './side-by-side.ts'

const LOAD_MS = 300_000

/** What nfs-guest-load.sh does in a row. */
export interface GuestRow extends Row {
  readonly load: string
  readonly version: '3' | '4.1' | '4.2'
  /** What is counted: MiB or files. */
  readonly amount: number
  readonly writes: boolean
}

const READ = inBoth(`${BIG_MIB} MiB in order, MiB/s`, 'read', BIG_MIB, false)
const LIST = inBoth('list and stat 20 000 files, files/s', 'list', MANY_FILES, false)
const FILES = inBoth('open, read, close 4000 files, files/s', 'files', SMALL_FILES, false)
const WRITE = inBoth('64 MiB written and synced, MiB/s', 'write', 64, true)
const UNPACK = inBoth(`untar a package of ${PACKAGE_FILES} files, files/s`, 'unpack', PACKAGE_FILES, true)
const INSTALL = inBoth(`dpkg --unpack of the same, files/s`, 'install', PACKAGE_FILES, true)

export const GUEST_ROWS: readonly GuestRow[] = [...READ, ...LIST, ...FILES, ...WRITE, ...UNPACK, ...INSTALL]

/** With version 4.2 alone, which is netroot's default. */
export const TUNED_ROWS: readonly GuestRow[] = GUEST_ROWS.flatMap((row) =>
  row.version === '3' ? [] : [{ ...row, name: row.name.replace('v4.1', 'v4.2'), version: '4.2' }],
)

/** By 4.2 the kernel's client reads nothing from ganesha (docs/field-notes.md), so both sides are asked by 4.1. */
function inBoth(name: string, load: string, amount: number, writes: boolean): GuestRow[] {
  return (['3', '4.1'] as const).map((version) => ({ name: `v${version}: ${name}`, load, version, amount, writes }))
}

/** Mounts, does it, and unmounts, so that nothing of the last one is known to the next. */
export async function measureInGuest(lab: Lab, session: Session, row: GuestRow, server: GuestServer): Promise<Sample> {
  const before = await usageOf(lab, server)
  const directory = await mounted(session, row, server)
  const said = await session.run(`/mnt/disk/load.sh ${row.load} ${directory}`, { timeoutMs: LOAD_MS })
  const seconds = Number(/^took (\d+)$/m.exec(said)?.[1]) / 1e6
  await session.run('cd /; umount /mnt/nfs 2>/dev/null || true')
  const after = await usageOf(lab, server)
  return { rate: row.amount / seconds, cpu: after.cpu - before.cpu, peakMiB: after.peakMiB }
}

async function mounted(session: Session, { version, writes }: GuestRow, server: GuestServer): Promise<string> {
  if (server.nfs === undefined) return '/mnt/disk/tree'
  const { port, mountPort, tree, new: written } = server.nfs
  const path = (writes ? written : tree)[version === '3' ? 0 : 1]
  const own = version === '3' ? `nolock,mountport=${mountPort},mountproto=tcp` : 'clientaddr=10.77.0.50'
  const options = `addr=10.77.0.1,vers=${version},port=${port},proto=tcp,${own}${server.options === undefined ? '' : `,${server.options}`}`
  await session.run(`mount -t nfs -o ${options} 10.77.0.1:${path} /mnt/nfs`)
  if (server.readAheadKib !== undefined) {
    await session.run(`echo ${server.readAheadKib} > /sys/class/bdi/$(mountpoint -d /mnt/nfs)/read_ahead_kb`)
  }
  return '/mnt/nfs'
}

async function usageOf(lab: Lab, { nfs }: GuestServer): Promise<{ readonly cpu: number; readonly peakMiB: number }> {
  if (nfs === undefined) return { cpu: 0, peakMiB: 0 }
  return { cpu: await cpuSecondsOf(lab, nfs.pidFile), peakMiB: await peakMibOf(lab, nfs.pidFile) }
}
