import { installPackage } from './nfs-packages.ts'
import { LibNfs, type Mount, serve } from './libnfs.ts'

/** What is to be done, as JSON in the first argument. The mount holds `big`, `many/` and `small/`. */
export interface NfsLoad extends Mount {
  readonly does: 'getattr' | 'read' | 'sequential' | 'list' | 'stat' | 'files' | 'unpack' | 'install'
  readonly connections: number
  /** Calls on their way at the same time, on each connection. */
  readonly outstanding: number
  /** Calls, chunks or files, of all connections together. */
  readonly count: number
  /** Archives of packages, for `install`. */
  readonly packages?: readonly string[]
}

/** What it took. */
export interface NfsLoadResult {
  readonly seconds: number
  /** Calls, entries or files. */
  readonly done: number
  readonly bytes: number
}

const CHUNK = 1024 * 1024
const PAGE = 4096
/** Bytes of a file of a package. */
const FILE = 2048
const BIG_BYTES = 1024 * CHUNK

/** One call; it says how many bytes it brought. */
type Call = (index: number, done: (bytes: number) => void) => void

/** The calls of one connection. */
function callsOf({ does }: NfsLoad, mount: LibNfs): Call {
  if (does === 'stat') return (index, done) => mount.stat(`/many/f${index}`, () => done(0))
  if (does === 'files') return (index, done) => mount.readFile(`/small/f${index}`, PAGE, done)
  if (does === 'unpack')
    return (index, done) => done(mount.unpack(`/p${process.pid}-${index}`, Buffer.alloc(FILE, 'x')))
  const big = mount.open('/big')
  if (does === 'getattr') return (_, done) => mount.getAttributes(big, () => done(0))
  if (does === 'sequential') return (index, done) => mount.read(big, index * CHUNK, CHUNK, done)
  // Far from one another, and the same for every server: 40 503 is prime.
  return (index, done) => mount.read(big, ((index * 40_503) % (BIG_BYTES / PAGE)) * PAGE, PAGE, done)
}

/** Keeps so many calls on their way on each connection until all are done; returns the bytes that they brought. */
function keepBusy(load: NfsLoad, mounts: readonly LibNfs[], calls: readonly Call[]): number {
  let [next, done, bytes] = [0, 0, 0]
  const another = (call: Call): void => {
    if (next >= load.count) return
    call(next++, (count) => {
      done += 1
      bytes += count
      another(call)
    })
  }
  for (const call of calls) for (let at = 0; at < load.outstanding; at += 1) another(call)
  serve(mounts, () => done >= load.count)
  return bytes
}

function isAtOnce({ does }: NfsLoad): boolean {
  return does === 'list' || does === 'install'
}

/** What is done in one go; returns how many entries it had. */
function atOnce({ does, packages = [] }: NfsLoad, mount: LibNfs): number {
  if (does === 'list') return mount.list('/many')
  if (does !== 'install') return 0
  const install = (archive: string, at: number): number => installPackage(mount, `/i${process.pid}-${at}`, archive)
  return packages.map(install).reduce((sum, entries) => sum + entries, 0)
}

function main(load: NfsLoad): NfsLoadResult {
  const mounts = Array.from({ length: load.connections }, () => new LibNfs(load))
  const calls = isAtOnce(load) ? [] : mounts.map((mount) => callsOf(load, mount))
  const began = performance.now()
  const whole = mounts.reduce((sum, mount) => sum + atOnce(load, mount), 0)
  const listed = isAtOnce(load) ? whole : load.count
  const bytes = isAtOnce(load) ? 0 : keepBusy(load, mounts, calls)
  const seconds = (performance.now() - began) / 1000
  for (const mount of mounts) mount[Symbol.dispose]()
  return { seconds, done: listed, bytes }
}

if (import.meta.main) {
  process.stdout.write(JSON.stringify(main(JSON.parse(process.argv[2] ?? '{}') as NfsLoad)))
}
