import { table } from '../src/cli/text.ts'
import type { BootTimes } from './initramfs-boots.ts'
import { type Made, MAKERS, type MakerName } from './initramfs-makers.ts'
import type { Measured } from './measured-run.ts'
import { ratioOf, summarize } from './statistics.ts'

/** One turn of one contender. */
export interface InitramfsSample extends Made {
  readonly boot?: BootTimes
}
export type InitramfsSamples = Readonly<Record<MakerName, readonly InitramfsSample[]>>

interface Quantity {
  readonly name: string
  readonly unit: 's' | 'MiB' | ''
  readonly of: (sample: InitramfsSample) => number | undefined
}

const QUANTITIES: readonly Quantity[] = [
  { name: 'building, wall time', unit: 's', of: ({ wallSeconds }) => wallSeconds },
  { name: 'building, processor time', unit: 's', of: ({ cpuSeconds }) => cpuSeconds },
  { name: 'peak memory, one process', unit: 'MiB', of: ({ peakMiB }) => peakMiB },
  { name: 'initramfs', unit: 'MiB', of: ({ bytes }) => bytes / 2 ** 20 },
  { name: 'unpacked', unit: 'MiB', of: ({ unpackedBytes }) => unpackedBytes / 2 ** 20 },
  { name: 'modules', unit: '', of: ({ modules }) => modules },
  { name: 'network drivers', unit: '', of: ({ networkDrivers }) => networkDrivers },
  { name: 'kernel start to /init', unit: 's', of: ({ boot }) => boot?.initSeconds },
  { name: 'kernel start to the system', unit: 's', of: ({ boot }) => boot?.systemSeconds },
]

const PEERS = ['netboot', 'most', 'dracut'] as const satisfies readonly MakerName[]

/** A line of the result; `ratio` is netroot's generic one to the best of the peers. */
export interface InitramfsLine {
  readonly name: string
  readonly unit: string
  readonly medians: Readonly<Partial<Record<MakerName, number>>>
  readonly ratio: number | undefined
}

export function linesOf(samples: InitramfsSamples): InitramfsLine[] {
  return QUANTITIES.map(({ name, unit, of }) => {
    const medians: Partial<Record<MakerName, number>> = {}
    for (const maker of Object.keys(MAKERS) as MakerName[]) {
      const values = samples[maker].flatMap((sample) => of(sample) ?? [])
      if (values.length > 0) medians[maker] = summarize(values).median
    }
    const best = Math.min(...PEERS.flatMap((peer) => medians[peer] ?? []))
    return { name, unit, medians, ratio: medians.generic === undefined ? undefined : ratioOf(medians.generic, best) }
  })
}

/** The result for people. */
export function initramfsTable(samples: InitramfsSamples): string {
  const makers = Object.keys(MAKERS) as MakerName[]
  const heading = ['', '', ...makers.map((maker) => MAKERS[maker].title), 'netroot / best peer']
  const rows = linesOf(samples).map(({ name, unit, medians, ratio }) => [
    name,
    unit,
    ...makers.map((maker) => shown(medians[maker], unit)),
    unit === '' || ratio === undefined ? '' : ratio.toFixed(2),
  ])
  return table([heading, ...rows])
}

function shown(value: number | undefined, unit: string): string {
  if (value === undefined) return ''
  return unit === '' ? String(value) : value.toFixed(unit === 's' ? 2 : 1)
}

/** The physical limit, and what a reader must know. */
export function initramfsNotes(limit: Measured, bytes: number): string {
  const seconds = `${limit.wallSeconds.toFixed(2)} s (${limit.cpuSeconds.toFixed(2)} s of processor time)`
  return `
The same ${(bytes / 2 ** 20).toFixed(1)} MiB that netroot packs, through zstd -T0 alone: ${seconds}.
netroot: every network driver and what NFS, NBD and overlay roots need. initramfs-tools: MODULES as named, zstd.
dracut: --no-hostonly, network nfs nbd iscsi, zstd. All from one root, in turn; medians. Boots: one virtual machine, 2
processors, 1024 MiB, virtio card; kernel and initramfs from QEMU, root by NFS from one server; the clock is the kernel's.
`
}
