import { table } from '../src/cli/text.ts'
import { formatBytes } from '../src/fleet/units.ts'
import { type BootSample, type Contender, CONTENDERS } from './boot-once.ts'
import type { HostDescription } from './host.ts'
import { ratioOf, summarize, type Summary } from './statistics.ts'

/** A boot together with what its initramfs is when unpacked. */
export interface MeasuredBoot extends BootSample {
  readonly unpackedBytes: number
}

/** All boots of the benchmark, in order. */
export type MeasuredBoots = Readonly<Record<Contender, readonly MeasuredBoot[]>>

const NAMES = Object.keys(CONTENDERS) as readonly Contender[]

/** One line of the table. */
interface Quantity {
  readonly name: string
  /** `MiB` is counted in bytes. */
  readonly unit: 's' | 'MiB' | ''
  readonly of: (boot: MeasuredBoot) => number
}

const QUANTITIES: readonly Quantity[] = [
  { name: 'power-on to login prompt', unit: 's', of: (boot) => boot.loginSeconds },
  { name: '- firmware, iPXE, fetching', unit: 's', of: (boot) => boot.loaderSeconds },
  { name: '- kernel start to /init', unit: 's', of: (boot) => boot.unpackSeconds },
  { name: '- initramfs, to systemd', unit: 's', of: (boot) => boot.initramfsSeconds },
  { name: '- systemd to login prompt', unit: 's', of: (boot) => boot.systemSeconds },
  { name: 'initramfs, as sent', unit: 'MiB', of: initramfsBytes },
  { name: 'initramfs, unpacked', unit: 'MiB', of: (boot) => boot.unpackedBytes },
  { name: 'over the wire, all packets', unit: 'MiB', of: (boot) => boot.wireBytes },
  { name: '- scripts, kernel, initramfs', unit: 'MiB', of: (boot) => boot.fetchedBytes },
  { name: '- NFS, and all headers', unit: 'MiB', of: (boot) => boot.wireBytes - boot.fetchedBytes },
  { name: 'units that failed', unit: '', of: (boot) => boot.failedUnits },
]

function initramfsBytes({ initramfs }: BootSample): number {
  return initramfs.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** What one contender needed of one quantity, and what netroot's is of that. */
interface Result extends Summary {
  readonly contender: Contender
  readonly ratio: number | undefined
}

/** A line of the result, for `--json` and for the table; bytes stay bytes. */
export interface Comparison extends Pick<Quantity, 'name' | 'unit'> {
  readonly results: readonly Result[]
}

export function comparisonOf(boots: MeasuredBoots): Comparison[] {
  return QUANTITIES.map(({ name, unit, of }) => {
    const ours = summarize(boots.netroot.map(of)).median
    const results = NAMES.map((contender) => {
      const summary = summarize(boots[contender].map(of))
      return { contender, ...summary, ratio: ratioOf(ours, summary.median) }
    })
    return { name, unit, results }
  })
}

/** The result for people: medians, in brackets the smallest and the largest, and what netroot's is of each peer's. */
export function bootTable(boots: MeasuredBoots): string {
  const heading = ['', '', ...NAMES.flatMap((name) => withRatio(name, CONTENDERS[name].title, 'ratio'))]
  const rows = comparisonOf(boots).map(({ name, unit, results }) => {
    const cells = results.flatMap((result) => withRatio(result.contender, cellOf(result, unit), ratioText(result)))
    return [name, unit, ...cells]
  })
  return table([heading, ...rows])
}

/** Netroot beside itself is 1: no column for that. */
function withRatio(contender: Contender, cell: string, ratio: string): string[] {
  return contender === 'netroot' ? [cell] : [cell, ratio]
}

function ratioText({ ratio }: Result): string {
  return ratio === undefined ? '' : ratio.toFixed(2)
}

function cellOf({ median, min, max }: Summary, unit: Quantity['unit']): string {
  const [middle, least, most] = [median, min, max].map((value) => shown(value, unit))
  return least === most ? `${middle}` : `${middle} (${least}–${most})`
}

function shown(value: number, unit: Quantity['unit']): string {
  if (unit === '') return String(value)
  return (unit === 'MiB' ? value / 2 ** 20 : value).toFixed(1)
}

/** What was measured and where, above the table. */
export function headingOf(host: HostDescription, system: string, { netroot }: MeasuredBoots): string {
  const accelerator = netroot[0]?.accelerator === 'kvm' ? 'KVM' : 'emulation without KVM'
  return [
    `${system}: ${netroot.length} × each initramfs in turn, from the same servers; medians (least–most)`,
    `machine: BIOS, iPXE, 2 processors, 1024 MiB, virtio network card; QEMU ${host.qemu}, ${accelerator}`,
    `host: ${host.cores} x ${host.processor}, ${formatBytes(host.memoryMiB * 2 ** 20)}, Linux ${host.kernel}, Node ${host.node}, load ${host.load} before`,
    '',
  ].join('\n')
}

/** What a reader of the table must know. */
export const NOTES = `
netroot: every network driver of the kernel; read-only NFS with memory over it.
Debian's own: initramfs-tools, MODULES=netboot, BOOT=nfs, zstd; read-only NFS, and a script of ours lays memory over it.
Read-only: the same without that script, as Debian ships it; units that must write fail there.
All read one release over NFSv3 from one server. Inside the machine the clock is its kernel's.
`
