import { table } from '../src/cli/text.ts'
import { formatBytes } from '../src/fleet/units.ts'
import type { BootSample, Contender } from './boot-once.ts'
import type { HostDescription } from './host.ts'
import { ratioOf, summarize } from './statistics.ts'

/** A boot together with what its initramfs is when unpacked. */
export interface MeasuredBoot extends BootSample {
  readonly unpackedBytes: number
}

/** All boots of the benchmark, in order. */
export type MeasuredBoots = Readonly<Record<Contender, readonly MeasuredBoot[]>>

/** One line of the table. */
interface Quantity {
  readonly name: string
  readonly unit: 's' | 'bytes' | 'count'
  readonly of: (boot: MeasuredBoot) => number
}

const QUANTITIES: readonly Quantity[] = [
  { name: 'power-on to login prompt', unit: 's', of: (boot) => boot.loginSeconds },
  { name: 'kernel start to initramfs /init', unit: 's', of: (boot) => boot.unpackSeconds },
  { name: 'in the initramfs, to systemd', unit: 's', of: (boot) => boot.initramfsSeconds },
  { name: 'both: kernel start to systemd', unit: 's', of: (boot) => boot.unpackSeconds + boot.initramfsSeconds },
  { name: 'initramfs, as sent', unit: 'bytes', of: initramfsBytes },
  { name: 'initramfs, unpacked', unit: 'bytes', of: (boot) => boot.unpackedBytes },
  { name: 'scripts, kernel, initramfs', unit: 'bytes', of: (boot) => boot.fetchedBytes },
  { name: 'over the wire, all packets', unit: 'bytes', of: (boot) => boot.wireBytes },
  { name: 'over the wire, all but these', unit: 'bytes', of: (boot) => boot.wireBytes - boot.fetchedBytes },
  { name: 'units that failed', unit: 'count', of: (boot) => boot.failedUnits },
]

function initramfsBytes({ initramfs }: BootSample): number {
  return initramfs.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** A line of the result, for `--json` and for the table. */
export function comparisonOf(boots: MeasuredBoots) {
  return QUANTITIES.map(({ name, unit, of }) => {
    const netroot = summarize(boots.netroot.map(of))
    const image = summarize(boots.image.map(of))
    return { name, unit, netroot, image, ratio: ratioOf(netroot.median, image.median) }
  })
}

/** The result for people: medians, in brackets the smallest and the largest, and what netroot's is of Debian's. */
export function bootTable(boots: MeasuredBoots): string {
  const rows = comparisonOf(boots).map(({ name, unit, netroot, image, ratio }) => {
    const cell = ({ median, min, max }: typeof netroot): string =>
      min === max ? shown(median, unit) : `${shown(median, unit)} (${shown(min, unit)}–${shown(max, unit)})`
    return [name, cell(netroot), cell(image), ratio === undefined ? '' : ratio.toFixed(2)]
  })
  return table([['', 'netroot', "Debian's own", 'ratio'], ...rows])
}

function shown(value: number, unit: Quantity['unit']): string {
  if (unit === 'bytes') return formatBytes(value)
  return unit === 's' ? `${value.toFixed(1)} s` : String(value)
}

/** What was measured and where, above the table. */
export function headingOf(host: HostDescription, system: string, { netroot }: MeasuredBoots): string {
  const accelerator = netroot[0]?.accelerator === 'kvm' ? 'KVM' : 'emulation without KVM'
  return [
    `Booting ${system} from the same servers, ${netroot.length} times with each initramfs, in turn; medians (least–most)`,
    `machine: BIOS, iPXE, 2 processors, 1024 MiB, virtio network card; QEMU ${host.qemu}, ${accelerator}`,
    `host: ${host.cores} x ${host.processor}, ${formatBytes(host.memoryMiB * 2 ** 20)}, Linux ${host.kernel}, Node ${host.node}, load ${host.load} before`,
    '',
  ].join('\n')
}

/** What a reader of the table must know. */
export const NOTES = `
netroot: every network driver of the kernel; the root is read-only NFS with memory above it, so the system may write.
Debian's own: initramfs-tools, MODULES=netboot, BOOT=nfs, zstd; the root is read-only NFS, and what wants to write fails.
Both read the same release over NFSv3 from the same server; the boot ends at the login prompt on the serial console.
`
