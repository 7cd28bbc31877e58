import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../src/sys/run.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { whileInMemory } from './locked-files.ts'
import type { NfsLoad, NfsLoadResult } from './nfs-load.ts'
import type { Bench, BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'
import { measuredRows, type Row, type Sample, type Samples, table } from './side-by-side.ts'

const MIB = 2 ** 20
const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const LOAD = fileURLToPath(new URL('nfs-load.ts', import.meta.url))
/** All goes on in a network of its own: nfs-ganesha wants an rpcbind, which would listen everywhere. */
const SPACE = `netroot-bench-${process.pid}`
const INSIDE = ['ip', 'netns', 'exec', SPACE] as const
const MANY_FILES = 20_000
const SMALL_FILES = 4000

interface NfsRow extends Row {
  readonly load: Omit<NfsLoad, 'port' | 'mountPort' | 'path'>
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
  ...inBoth('unpack 500 files as dpkg does, files/s', 'unpack', 1, 1, 500),
]

function inBoth(
  name: string,
  does: NfsLoad['does'],
  connections: number,
  outstanding: number,
  count: number,
): NfsRow[] {
  const load = { does, connections, outstanding, count }
  return [
    { name: `v3: ${name}`, load: { ...load, version: 3 } },
    { name: `v4: ${name}`, load: { ...load, version: 4 } },
  ]
}

interface Server {
  readonly name: string
  readonly port: number
  readonly mountPort: number
  /** What is mounted with version 3; with version 4 it is always /tree. */
  readonly path: string
  readonly command: readonly string[]
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
  const tree = join(directory, 'tree')
  const tar = join(directory, 'tree.tar')
  options.tell('makes a tree of 1 GiB, 20 000 and 4000 files')
  await makeTree(tree)
  await mkdir(join(directory, 'new'))
  await run('tar', ['-C', tree, '--format=pax', '-cf', tar, '.'])
  const own = (name: string, port: number, path: string): Server => {
    const writable = `new=${join(directory, 'new')},rw,no_root_squash,client=127.0.0.1`
    const command = [NETROOT, 'serve', 'nfs', `tree=${path}`, writable, '--listen', `127.0.0.1:${port}`]
    return { name, port, mountPort: port, path: '/tree', command }
  }
  const servers = [
    own('netroot, archive', 7201, tar),
    await ganesha(directory, tree),
    own('netroot, directory', 7202, tree),
  ]
  const measured = (): Promise<Samples> => measuredRows(ROWS, servers, (at, server) => measure(at, server), options)
  const samples = await whileInMemory([tar, join(tree, 'big')], measured)
  const unit = 'server CPU s per GiB or 100 000 calls, server MiB'
  return table(`NFS (${unit})`, ROWS, servers, samples, options.json)
}

async function makeTree(tree: string): Promise<void> {
  for (const name of ['many', 'small']) await mkdir(join(tree, name), { recursive: true })
  await using big = await open(join(tree, 'big'), 'w')
  const chunk = randomBytes(MIB)
  for (let at = 0; at < 1024; at += 1) await big.write(chunk)
  for (let at = 0; at < MANY_FILES; at += 1) await writeFile(join(tree, 'many', `f${at}`), '')
  for (let at = 0; at < SMALL_FILES; at += 1) await writeFile(join(tree, 'small', `f${at}`), chunk.subarray(0, 4000))
}

/** It tells rpcbind where it is, and both keep files in /run: theirs is not that of this host. */
async function ganesha(directory: string, tree: string): Promise<Server> {
  const [port, mountPort] = [7203, 7204]
  const file = join(directory, 'ganesha.conf')
  await writeFile(
    file,
    `NFS_CORE_PARAM { NFS_Port = ${port}; MNT_Port = ${mountPort}; Protocols = 3, 4;
       Enable_NLM = false; Enable_RQUOTA = false; }
     NFSv4 { Grace_Period = 0; Lease_Lifetime = 10; Graceless = true; }
     ${exported(1, tree, 'tree', 'RO')}${exported(2, join(directory, 'new'), 'new', 'RW')}`,
  )
  const both =
    'mount -t tmpfs tmpfs /run; mkdir /run/ganesha; rpcbind -w -f & sleep 1; exec ganesha.nfsd -F -L "$0" -f "$1" -p "$2"'
  const log = join(directory, 'ganesha.log')
  const command = ['unshare', '-m', 'sh', '-c', both, log, file, join(directory, 'ganesha.pid')]
  return { name: 'nfs-ganesha', port, mountPort, path: tree, command }
}

function exported(id: number, path: string, name: string, access: 'RO' | 'RW'): string {
  const names = `Export_Id = ${id}; Path = ${path}; Pseudo = /${name};`
  return `EXPORT { ${names} Protocols = 3, 4; Access_Type = ${access}; Squash = None; SecType = sys; FSAL { Name = VFS; } }\n`
}

async function measure({ load }: NfsRow, server: Server): Promise<Sample> {
  await using daemon = await startDaemon({ command: [...INSIDE, ...server.command], probe: () => answers(server) })
  const whole = { ...load, ...mountOf(server, load) }
  await loaded({ ...whole, count: Math.ceil(load.count / 10) }) // the program warm
  return await sampleOf(daemon, whole)
}

async function sampleOf(daemon: Daemon, load: NfsLoad): Promise<Sample> {
  const before = await daemon.usage()
  const { seconds, done, bytes } = await loaded(load)
  const after = await daemon.usage()
  const isBulk = load.does === 'sequential'
  const rate = (isBulk ? bytes / MIB : done) / seconds
  const amount = isBulk ? bytes / 2 ** 30 : done / 100_000
  return { rate, cpu: (after.cpuSeconds - before.cpuSeconds) / amount, peakMiB: after.peakMiB }
}

async function loaded(load: NfsLoad): Promise<NfsLoadResult> {
  const program = [process.execPath, '--disable-warning=ExperimentalWarning', LOAD, JSON.stringify(load)]
  const args = [...INSIDE.slice(1), ...program]
  return JSON.parse((await run(INSIDE[0], args, { signal: AbortSignal.timeout(120_000) })).toString()) as NfsLoadResult
}

/** What is mounted: the tree, or beside it the directory that is written. */
function mountOf(
  { port, mountPort, path }: Server,
  { version, does }: NfsRow['load'],
): Omit<NfsLoad, keyof NfsRow['load']> {
  const tree = version === 4 ? '/tree' : path
  return { port, mountPort, path: does === 'unpack' ? tree.replace(/tree$/, 'new') : tree }
}

/** Rejects as long as nobody listens, or nothing is exported yet. */
async function answers(server: Server): Promise<void> {
  const load = { version: 4, does: 'getattr', connections: 1, outstanding: 1, count: 1 } as const
  await loaded({ ...load, ...mountOf(server, load) })
}
