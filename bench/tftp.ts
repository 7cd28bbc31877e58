import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../src/sys/run.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import type { Bench, BenchOptions } from './options.ts'
import { needPrograms, unpackProgram } from './peers.ts'
import { chosenRows, measuredRows, type Row, type Sample, table } from './side-by-side.ts'
import type { TftpLoad, TftpLoadResult } from './tftp-load.ts'

const MIB = 2 ** 20
const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const LOAD = fileURLToPath(new URL('tftp-load.ts', import.meta.url))

interface TftpRow extends Row {
  readonly clients: number
  readonly blockSize: number
  readonly windowSize: number
}

/**
 * Lock-step is measured on one processor: on two it measures how fast a sleeping one wakes up, which on virtual machines
 * moves by a factor of five.
 */
const ROWS: readonly TftpRow[] = [
  ...[512, 1468].flatMap((blockSize) => [1, 4, 16, 64].map((windowSize) => rowOf(1, blockSize, windowSize))),
  ...[1, 16].map((windowSize) => rowOf(100, 1468, windowSize)),
  rowOf(100, 512, 1),
]

function rowOf(clients: number, blockSize: number, windowSize: number): TftpRow {
  const window = windowSize === 1 ? 'lock-step' : `window ${windowSize}`
  const name = `${clients === 1 ? '1 client' : `${clients} clients`}, blksize ${blockSize}, ${window}`
  return { name, clients, blockSize, windowSize }
}

interface Server {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly command: readonly string[]
}

/** TFTP, 30 MiB to one client, 1 MiB to each of a hundred, beside tftpd-hpa, atftpd and dnsmasq. */
export const tftpBench: Bench = async (options) => {
  await needPrograms({ '/usr/sbin/dnsmasq': 'dnsmasq-base' }, options.tell)
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-tftp-'))
  try {
    return await benchIn(directory, options)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function benchIn(directory: string, options: BenchOptions): Promise<string> {
  const rows = chosenRows(ROWS, options)
  const [hpa, atftpd] = await Promise.all([
    unpackProgram(directory, 'tftpd-hpa', 'usr/sbin/in.tftpd'),
    unpackProgram(directory, 'atftpd', 'usr/sbin/atftpd'),
  ])
  const files = join(directory, 'files')
  await run('mkdir', [files])
  for (const path of [directory, files]) await chmod(path, 0o755) // peers give up their rights
  for (const mebibytes of [30, 1]) await writeFile(join(files, `${mebibytes}m`), randomBytes(mebibytes * MIB))
  const servers: readonly Server[] = [
    {
      name: 'netroot',
      host: '127.0.0.1',
      port: 7101,
      command: [NETROOT, 'serve', 'tftp', files, '--quiet', '--listen', '127.0.0.1:7101'],
    },
    {
      name: 'tftpd-hpa',
      host: '127.0.0.1',
      port: 7102,
      command: [hpa, '--foreground', '--listen', '--address', '127.0.0.1:7102', '--secure', files],
    },
    {
      name: 'atftpd',
      host: '127.0.0.1',
      port: 7103,
      command: [
        atftpd,
        '--daemon',
        '--no-fork',
        '--bind-address',
        '127.0.0.1',
        '--port',
        '7103',
        '--maxthread',
        '200',
        '--user',
        'root',
        files,
      ],
    },
    { name: 'dnsmasq', host: '127.0.0.2', port: 69, command: dnsmasq(files) },
  ]
  const samples = await measuredRows(rows, servers, (row, server) => measure(row, server), options)
  return table('TFTP, MiB/s (server CPU s per GiB, server MiB)', rows, servers, samples, options.json)
}

function dnsmasq(files: string): string[] {
  const tftp = [
    '--enable-tftp',
    `--tftp-root=${files}`,
    '--tftp-max=300',
    '--listen-address=127.0.0.2',
    '--bind-interfaces',
  ]
  return ['dnsmasq', '--no-daemon', '--port=0', '--conf-file=/dev/null', ...tftp]
}

async function measure(row: TftpRow, { host, port, command }: Server): Promise<Sample> {
  const { clients, blockSize, windowSize } = row
  const cores = clients === 1 && windowSize === 1 ? '0' : '0,1'
  const mebibytes = clients === 1 ? 30 : 1
  const load = { host, port, clients, blockSize, windowSize, file: `${mebibytes}m`, size: mebibytes * MIB }
  await using daemon = await startDaemon({ command, cores, probe: () => isBound(port) })
  await fetchAll({ ...load, clients: 1 }, cores) // in the page cache from now on, and the program warm
  return await sampleOf(daemon, (clients * mebibytes * MIB) / MIB, async () => (await fetchAll(load, cores)).seconds)
}

/** Rejects as long as nobody has the UDP port. */
async function isBound(port: number): Promise<void> {
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')} `
  if (!(await readFile('/proc/net/udp', 'utf8')).includes(local)) throw new Error(`nobody listens on ${port}`)
}

async function sampleOf(daemon: Daemon, mebibytes: number, fetch: () => Promise<number>): Promise<Sample> {
  const before = await daemon.usage()
  const seconds = await fetch()
  const after = await daemon.usage()
  const cpu = (after.cpuSeconds - before.cpuSeconds) / (mebibytes / 1024)
  return { rate: mebibytes / seconds, cpu, peakMiB: after.peakMiB }
}

async function fetchAll(load: TftpLoad, cores: string): Promise<TftpLoadResult> {
  const args = ['-c', cores, process.execPath, '--disable-warning=ExperimentalWarning', LOAD, JSON.stringify(load)]
  return JSON.parse((await run('taskset', args, { signal: AbortSignal.timeout(30_000) })).toString()) as TftpLoadResult
}
