import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from '../src/sys/run.ts'
import { type Daemon, startDaemon } from './daemon.ts'
import { answers, type Doing, INSIDE, loaded, type Server } from './nfs-servers.ts'
import type { BenchOptions } from './options.ts'
import type { Row } from './side-by-side.ts'

const DELAY = new URL('loop-delay.ts', import.meta.url).href
const RESOLUTION_MS = 1

export interface HoldsRow extends Row {
  readonly does: Doing['does']
  readonly count: number
}

export const HOLDS: readonly HoldsRow[] = [
  { name: 'held: list 20 000 files', does: 'list', count: 1 },
  { name: 'held: stat 4000 files by path', does: 'stat', count: 4000 },
  { name: 'held: open, read, close 4000 small files', does: 'files', count: 4000 },
  { name: 'held: READ 4 KiB of a file that is not in memory', does: 'read', count: 4000 },
  { name: 'held: 512 MiB in order of a file that is not in memory', does: 'sequential', count: 512 },
  { name: 'held: unpack 500 files as dpkg does', does: 'unpack', count: 500 },
]

/**
 * How long the event loops of netroot's servers are held while they serve; beside it what a process that does nothing
 * but wait sees meanwhile, which the load of this host holds up, too.
 *
 * @param cold files that are not to be in memory when a row begins
 */
export async function holdsTable(
  holds: readonly HoldsRow[],
  servers: readonly Server[],
  cold: readonly string[],
  { signal, tell }: BenchOptions,
): Promise<string> {
  const own = servers.filter(({ name }) => name.startsWith('netroot'))
  const head = ['event loop held: 99 in 100 below, at most; an idle process, ms', ...own.map(({ name }) => name)]
  const rows = [head, head.map(() => '---')]
  for (const { name, does, count } of holds) {
    const cells = []
    for (const server of own) {
      signal.throwIfAborted()
      await forget(cold)
      cells.push(await held(server, { version: 3, does, connections: 1, outstanding: 8, count }))
      tell(`${name} / ${server.name}: ${cells.at(-1)} ms`)
    }
    rows.push([name, ...cells])
  }
  return rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

async function held(server: Server, doing: Doing): Promise<string> {
  const file = `/tmp/netroot-bench-delay-${process.pid}`
  const variables = [`NODE_OPTIONS=--import=${DELAY}`, `NETROOT_BENCH_DELAY=${file}`]
  const command = [...INSIDE, 'env', ...variables, ...server.command]
  await using daemon = await startDaemon({ command, probe: () => answers(server) })
  await loaded(server, { ...doing, version: 3, does: 'getattr', count: 10_000 }) // the program warm
  await toldBy(daemon, file)
  const idle = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  idle.enable()
  await loaded(server, doing)
  idle.disable()
  const [usual = '', most = ''] = (await toldBy(daemon, file)).trim().split(' ')
  return [usual, most, `idle ${inMs(idle.percentile(99))}`, inMs(idle.max)].join(', ')
}

async function toldBy({ pid }: Daemon, file: string): Promise<string> {
  process.kill(pid, 'SIGUSR2')
  await sleep(200)
  return readFile(file, 'latin1')
}

function inMs(nanoseconds: number): string {
  return (nanoseconds / 1e6).toFixed(1)
}

/** Makes the page cache forget files. */
async function forget(paths: readonly string[]): Promise<void> {
  for (const path of paths) await run('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none'])
}
