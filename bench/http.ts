import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run } from '../src/sys/run.ts'
import { startDaemon } from './daemon.ts'
import type { Bench, BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'
import { chosenRows, measuredRows, type Row, type Sample, table } from './side-by-side.ts'

const MIB = 2 ** 20
const NETROOT = fileURLToPath(new URL('../bin/netroot', import.meta.url))
const BULK_MIB = 500
const SECONDS = 4

interface HttpRow extends Row {
  readonly connections: number
  readonly path: string
  /** Bytes asked for at a time, at random places; whole files without it. */
  readonly range?: number
}

const ROWS: readonly HttpRow[] = [
  { name: '500 MiB, 1 connection', connections: 1, path: '/bulk' },
  { name: '500 MiB, 64 connections', connections: 64, path: '/bulk' },
  { name: '64 KiB ranges, 64 connections', connections: 64, path: '/bulk', range: 65_536 },
  { name: '4 KiB files, 64 connections', connections: 64, path: '/small' },
]

interface Server extends Row {
  readonly port: number
  readonly command: readonly string[]
}

/** HTTP by wrk, beside nginx with and without sendfile, and lighttpd. All in MiB/s, so that one column can be compared. */
export const httpBench: Bench = async (options) => {
  const programs = { '/usr/sbin/nginx': 'nginx-light', '/usr/sbin/lighttpd': 'lighttpd', '/usr/bin/wrk': 'wrk' }
  await needPrograms(programs, options.tell)
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-http-'))
  try {
    return await benchIn(directory, options)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

async function benchIn(directory: string, options: BenchOptions): Promise<string> {
  const rows = chosenRows(ROWS, options)
  const files = join(directory, 'files')
  await mkdir(files)
  for (const path of [directory, files]) await chmod(path, 0o755) // peers give up their rights
  await writeFile(join(files, 'bulk'), randomBytes(BULK_MIB * MIB))
  await writeFile(join(files, 'small'), randomBytes(4096))
  const servers = await serversOf(directory, files)
  const script = join(directory, 'load.lua')
  await writeFile(script, LOAD)
  const measure = (row: HttpRow, server: Server): Promise<Sample> => measured(row, server, script)
  const samples = await measuredRows(rows, servers, measure, options)
  return table('HTTP, MiB/s (server CPU s per GiB, server MiB)', rows, servers, samples, options.json)
}

async function serversOf(directory: string, files: string): Promise<readonly Server[]> {
  const nginx = async (name: string, port: number, sendfile: 'on' | 'off'): Promise<Server> => {
    const config = join(directory, `${port}.conf`)
    await writeFile(config, nginxConfig(directory, files, port, sendfile))
    return { name, port, command: ['nginx', '-c', config, '-e', join(directory, 'nginx.log')] }
  }
  const lighttpd = join(directory, 'lighttpd.conf')
  await writeFile(lighttpd, lighttpdConfig(files, 7203))
  return [
    {
      name: 'netroot',
      port: 7200,
      command: [NETROOT, 'serve', 'http', files, '--quiet', '--listen', '127.0.0.1:7200'],
    },
    await nginx('nginx sendfile', 7201, 'on'),
    await nginx('nginx', 7202, 'off'),
    { name: 'lighttpd', port: 7203, command: ['lighttpd', '-D', '-f', lighttpd] },
  ]
}

/** As Debian has it, one worker: all contenders have one process that serves. */
function nginxConfig(directory: string, files: string, port: number, sendfile: 'on' | 'off'): string {
  const http = `sendfile ${sendfile}; tcp_nopush on; access_log off; keepalive_requests 1000000; client_body_temp_path ${directory};`
  return [
    'daemon off; worker_processes 1;',
    `pid ${join(directory, `${port}.pid`)}; error_log ${join(directory, 'nginx.log')};`,
    'events { worker_connections 1024; }',
    `http { ${http} server { listen 127.0.0.1:${port}; root ${files}; } }\n`,
  ].join('\n')
}

function lighttpdConfig(files: string, port: number): string {
  const settings = { 'server.document-root': `"${files}"`, 'server.bind': '"127.0.0.1"', 'server.port': port }
  const limits = { 'server.max-keep-alive-requests': 1_000_000 }
  return Object.entries({ ...settings, ...limits })
    .map(([key, value]) => `${key} = ${value}\n`)
    .join('')
}

/** For wrk: ranges of so many bytes at random places, where there are any; what came of it as JSON. */
const LOAD = `
local length, size = tonumber(os.getenv('RANGE') or 0), ${BULK_MIB * MIB}
request = function()
  if length == 0 then return wrk.format() end
  local first = math.random(0, size / length - 1) * length
  return wrk.format(nil, nil, { Range = 'bytes=' .. first .. '-' .. (first + length - 1) })
end
done = function(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status
  io.write(string.format('\\n{"bytes":%d,"microseconds":%d,"failed":%d}\\n', summary.bytes, summary.duration, failed))
end
`

async function measured(
  { connections, path, range }: HttpRow,
  { port, command }: Server,
  script: string,
): Promise<Sample> {
  const url = `http://127.0.0.1:${port}${path}`
  const probe = async (): Promise<void> => void (await fetch(url, { method: 'HEAD' }))
  await using daemon = await startDaemon({ command, probe })
  const load = async (seconds: number): Promise<{ bytes: number; microseconds: number; failed: number }> => {
    const args = ['-t', '1', '-c', `${connections}`, '-d', `${seconds}s`, '--timeout', '30s', '-s', script, url]
    const text = await run('wrk', args, range === undefined ? {} : { env: { RANGE: `${range}` } })
    return JSON.parse(text.toString().trim().split('\n').at(-1) ?? '') as ReturnType<typeof load> extends Promise<
      infer T
    >
      ? T
      : never
  }
  await load(1)
  const before = await daemon.usage()
  const { bytes, microseconds, failed } = await load(SECONDS)
  const after = await daemon.usage()
  if (failed > 0) throw new Error(`Cannot measure ${command.join(' ')}: ${failed} requests failed`)
  const cpu = (after.cpuSeconds - before.cpuSeconds) / (bytes / 2 ** 30)
  return { rate: bytes / MIB / (microseconds / 1e6), cpu, peakMiB: after.peakMiB }
}
