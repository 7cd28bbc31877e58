import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../src/sys/run.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { whileInMemory } from './locked-files.ts'
import { HOLDS, type HoldsRow, holdsTable } from './nfs-holds.ts'
import { fetchPackages } from './nfs-packages.ts'
import { answers, type Doing, ganesha, INSIDE, loaded, netroot, type Server, SPACE } from './nfs-servers.ts'
import type { Bench, BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'
import { chosenRows, measuredRows, type Row, type Sample, type Samples, table } from './side-by-side.ts'

const MIB = 2 ** 20
const MANY_FILES = 20_000
const SMALL_FILES = 4000
const WARM = { connections: 1, outstanding: 4, count: 10_000 } as const

interface NfsRow extends Row {
  readonly load: Doing
}

const ROWS: readonly NfsRow[] = [
  ...inBoth('GETATTR, 1 outstanding, calls/s', 'getattr', 1, 1, 20_000),
  ...inBoth('GETATTR, 16 outstanding, calls/s', 'getattr', 1, 16, 60_000),
  ...inBoth('READ 4 KiB, 1 outstanding, calls/s', 'read', 1, 1, 20_000),
  ...inBoth('READ 4 KiB, 16 outstanding, calls/s', 'read', 1, 16, 60_000),
  ...inBoth('1 GiB in order, 1 outstanding, MiB/s', 'sequential', 1, 1, 1024),
  ...inBoth('1 GiB in order, 8 outstanding, MiB/s', 'sequential', 1, 8, 1024),
  ...inBoth('64 readers of random 4 KiB, calls/s', 'read', 64, 1, 64_000),
  ...inBoth('list 20 000 files, files/s', 'list', 1, 1, 1),
  ...inBoth('stat 20 000 files by path, files/s', 'stat', 1, 1, MANY_FILES),
  ...inBoth('open, read, close 4000 small files, files/s', 'files', 1, 1, SMALL_FILES),
  // nfs-ganesha does not wait until a name is on the disk, whatever it is asked.
  ...inBoth('unpack 500 files as dpkg does, names on the disk, files/s', 'unpack', 1, 1, 500),
  ...inBoth('unpack 500 files as dpkg does, async, files/s', 'unpack', 1, 1, 500, { late: true }),
  // With version 4 libnfs 5 has no room for what a package writes.
  ...inBoth('packages as dpkg does, names on the disk, entries/s', 'install', 1, 1, 1).slice(0, 1),
  ...inBoth('packages as dpkg does, async, entries/s', 'install', 1, 1, 1, { late: true }).slice(0, 1),
]

function inBoth(
  name: string,
  does: Doing['does'],
  connections: number,
  outstanding: number,
  count: number,
  more: Pick<Doing, 'late'> = {},
): NfsRow[] {
  const load = { does, connections, outstanding, count, ...more }
  return [
    { name: `v3: ${name}`, load: { ...load, version: 3 } },
    { name: `v4: ${name}`, load: { ...load, version: 4 } },
  ]
}

/** NFS from one tree: a release's archive by netroot, the same unpacked by netroot and by nfs-ganesha. */
export const nfsBench: Bench = async (options) => {
  const programs = {
    '/usr/bin/ganesha.nfsd': 'nfs-ganesha',
    '/usr/lib/x86_64-linux-gnu/ganesha/libfsalvfs.so': 'nfs-ganesha-vfs',
  }
  const library = { '/usr/lib/x86_64-linux-gnu/libnfs.so.13': 'libnfs13' }
  await needPrograms({ ...programs, ...library, '/sbin/rpcbind': 'rpcbind' }, options.tell)
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-nfs-'))
  await run('ip', ['netns', 'add', SPACE])
  try {
    await run(INSIDE[0], [...INSIDE.slice(1), 'ip', 'link', 'set', 'lo', 'up'])
    return await benchIn(directory, options)
  } finally {
    await run('ip', ['netns', 'delete', SPACE])
    await rm(directory, { recursive: true, force: true })
  }
}

async function benchIn(directory: string, options: BenchOptions): Promise<string> {
  const chosen = chosenRows<NfsRow | HoldsRow>([...ROWS, ...HOLDS], options)
  const rows = ROWS.filter((row) => chosen.includes(row))
  const tree = join(directory, 'tree')
  const tar = join(directory, 'tree.tar')
  const written = directory
  const bulk = chosen.some(({ name }) => /READ|in order|random/.test(name)) ? 1024 : 1
  options.tell(`makes a tree of ${bulk} MiB, 20 000 and 4000 files`)
  await makeTree(tree, bulk)
  for (const one of ['new', 'late']) await mkdir(join(written, one), { recursive: true })
  await run('tar', ['-C', tree, '--format=pax', '-cf', tar, '.'])
  const servers = [
    netroot('netroot, archive', 7201, tar, written),
    await ganesha(directory, tree, written),
    netroot('netroot, directory', 7202, tree, written),
  ]
  const packages = rows.some(({ load }) => load.does === 'install') ? await fetchPackages(directory) : []
  const measured = (): Promise<Samples> =>
    measuredRows(rows, servers, ({ load }, server) => measure({ ...load, packages }, server), options)
  const samples = await whileInMemory([tar, join(tree, 'big')], measured)
  const unit = 'server CPU s per GiB or 100 000 calls, server MiB'
  const result = table(`NFS (${unit})`, rows, servers, samples, options.json)
  const holds = HOLDS.filter((row) => chosen.includes(row))
  if (options.json || holds.length === 0) return result
  return `${result}\n${await holdsTable(holds, servers, [tar, join(tree, 'big')], options)}`
}

/** @param bulk MiB of its large file, which only some rows read */
async function makeTree(tree: string, bulk: number): Promise<void> {
  for (const name of ['many', 'small']) await mkdir(join(tree, name), { recursive: true })
  await using big = await open(join(tree, 'big'), 'w')
  const chunk = randomBytes(MIB)
  for (let at = 0; at < bulk; at += 1) await big.write(chunk)
  for (let at = 0; at < MANY_FILES; at += 1) await writeFile(join(tree, 'many', `f${at}`), '')
  for (let at = 0; at < SMALL_FILES; at += 1) await writeFile(join(tree, 'small', `f${at}`), chunk.subarray(0, 4000))
}

async function measure(load: Doing, server: Server): Promise<Sample> {
  // One call at a time: server and client take turns, and whether they do on one processor or wake each other up across
  // two would decide more than either of them.
  const cores = load.outstanding * load.connections === 1 ? '0' : '0,1'
  const command = [...INSIDE, ...server.command]
  await using daemon = await startDaemon({ command, probe: () => answers(server), cores })
  // Servers run for weeks: what a program does in its first second is not measured.
  for (const does of ['getattr', 'read'] as const) await loaded(server, { ...load, does, ...WARM }, cores)
  await loaded(server, { ...load, count: Math.ceil(load.count / 10) }, cores)
  return await sampleOf(daemon, server, load, cores)
}

async function sampleOf(daemon: Daemon, server: Server, load: Doing, cores: string): Promise<Sample> {
  const before = await daemon.usage()
  const { seconds, done, bytes } = await loaded(server, load, cores)
  const after = await daemon.usage()
  const isBulk = load.does === 'sequential'
  const rate = (isBulk ? bytes / MIB : done) / seconds
  const amount = isBulk ? bytes / 2 ** 30 : done / 100_000
  return { rate, cpu: (after.cpuSeconds - before.cpuSeconds) / amount, peakMiB: after.peakMiB }
}
