import { table } from '../src/cli/text.ts'
import { checkHost } from '../src/lab/preconditions.ts'
import { describeHost } from './host.ts'
import { bootBy, type NfsBootSample, WAYS } from './nfs-boot-once.ts'
import { nfsBootFiles } from './nfs-boot-files.ts'
import type { BenchOptions } from './options.ts'
import { summarize } from './statistics.ts'

/** One line of the table. */
interface Quantity {
  readonly name: string
  readonly digits: number
  readonly of: (boot: NfsBootSample) => number
}

const QUANTITIES: readonly Quantity[] = [
  { name: 'kernel start to login prompt, s', digits: 1, of: (boot) => boot.loginSeconds },
  { name: "the machine's CPU until then, s", digits: 1, of: (boot) => boot.machineCpu },
  { name: "the NFS server's CPU, s", digits: 2, of: (boot) => boot.serverCpu },
  { name: 'all packets, MiB', digits: 1, of: (boot) => boot.wireBytes / 2 ** 20 },
  { name: 'NFS calls', digits: 0, of: (boot) => totalOf(boot.calls) },
]

/** Most calls of a boot are these; the rest is one column. */
const TOLD_CALLS = ['read', 'lookup', 'getattr', 'access', 'readlink', 'readdir', 'readdirplus', 'open', 'close']

/** Boots to the login prompt over every version of NFS and from a local disk, in turn. */
export async function nfsBootBench({ runs, json, signal, tell }: BenchOptions): Promise<string> {
  await checkHost(['bios'])
  tell('makes a disk of the release')
  await using files = await nfsBootFiles(signal)
  const host = await describeHost()
  const boots: NfsBootSample[][] = WAYS.map(() => [])
  for (let run = 1; run <= runs; run += 1) {
    for (const [at, way] of WAYS.entries()) {
      const boot = await bootBy(way, files, signal)
      boots[at]?.push(boot)
      tell(
        `run ${run} of ${runs}, ${way.title}: ${boot.loginSeconds.toFixed(1)} s, ${boot.machineCpu.toFixed(1)} s of CPU`,
      )
    }
  }
  if (json) return `${JSON.stringify({ bench: 'nfs-boot', host, ways: WAYS, boots })}\n`
  const what = `${runs} × each in turn, kernel ${files.kernelVersion}, 2 processors, load ${host.load} before; medians (least–most)`
  return `${what}\n\n${table([headings(), ...quantityRows(boots)])}\n${table([headings(), ...callRows(boots)])}${NOTES}`
}

const headings = (): string[] => ['', ...WAYS.flatMap(({ title }, at) => (at === 0 ? [title] : [title, 'ratio']))]

function quantityRows(boots: readonly (readonly NfsBootSample[])[]): string[][] {
  return QUANTITIES.map((quantity) => [quantity.name, ...cellsOf(boots, quantity)])
}

/** Each way's median with its range, and beside it what it is of the first way's. */
function cellsOf(boots: readonly (readonly NfsBootSample[])[], { digits, of }: Quantity): string[] {
  const summaries = boots.map((samples) => summarize(samples.map(of)))
  const base = summaries[0]?.median ?? 0
  return summaries.flatMap(({ median, min, max }, at) => {
    const [middle, least, most] = [median, min, max].map((value) => value.toFixed(digits))
    const cell = least === most ? `${middle}` : `${middle} (${least}–${most})`
    const ratio = base === 0 ? '' : (median / base).toFixed(2)
    return at === 0 ? [cell] : [cell, ratio]
  })
}

function callRows(boots: readonly (readonly NfsBootSample[])[]): string[][] {
  const count = (name: string) => (boot: NfsBootSample) => boot.calls[name] ?? 0
  const others = (boot: NfsBootSample): number =>
    totalOf(boot.calls) - TOLD_CALLS.reduce((sum, name) => sum + count(name)(boot), 0)
  const rows = [
    ...TOLD_CALLS.map((name) => ({ name: name.toUpperCase(), of: count(name) })),
    { name: 'all others', of: others },
  ]
  return rows.map(({ name, of }) => [name, ...cellsOf(boots, { name, digits: 0, of })])
}

function totalOf(calls: NfsBootSample['calls']): number {
  return Object.values(calls).reduce((sum, count) => sum + count, 0)
}

const NOTES = `
All begin with one kernel and one initramfs that QEMU brings, take an address and lay memory over the root. The disk is one of the
machine itself, so no network's transport can be faster; the host's page cache has disk and archive.
`
