import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { table } from '../src/cli/text.ts'
import { makeLabDirectory } from '../src/lab/directory.ts'
import { Namespace } from '../src/lab/namespace.ts'
import { highestLoad } from './dhcp-load.ts'
import { DHCP_CONTENDERS, type DhcpContender, PREFIX, SERVER_ADDRESS } from './dhcp-servers.ts'
import { describeHost } from './host.ts'
import type { BenchOptions } from './options.ts'
import { needPrograms } from './peers.ts'
import { ratioOf, summarize } from './statistics.ts'

/** What one contender did in one turn. */
interface Sample {
  readonly exchangesPerSecond: number
  /** Processor time of the server for each thousand exchanges of its whole turn, in seconds. */
  readonly cpuSecondsPerThousand: number
  readonly peakMiB: number
}

const PROGRAMS = {
  '/usr/sbin/perfdhcp': 'kea-admin',
  '/usr/sbin/kea-dhcp4': 'kea-dhcp4-server',
  '/usr/sbin/dhcpd': 'isc-dhcp-server',
  '/usr/sbin/dnsmasq': 'dnsmasq-base',
}

/** Complete exchanges a second at less than 1 % loss, by perfdhcp, beside Kea, ISC dhcpd and dnsmasq. */
export async function dhcpBench({ runs, json, signal, tell }: BenchOptions): Promise<string> {
  await needPrograms(PROGRAMS, tell)
  const host = await describeHost()
  const samples = new Map<string, Sample[]>(DHCP_CONTENDERS.map(({ name }) => [name, []]))
  for (let turn = 1; turn <= runs; turn++) {
    for (const contender of DHCP_CONTENDERS) {
      const sample = await measure(contender, signal)
      samples.get(contender.name)?.push(sample)
      tell(`run ${turn} of ${runs}, ${contender.name}: ${Math.round(sample.exchangesPerSecond)} exchanges/s`)
    }
  }
  if (json) return `${JSON.stringify({ bench: 'dhcp', host, samples: Object.fromEntries(samples) })}\n`
  return `${host.cores} x ${host.processor}, load ${host.load}\n\n${report(samples)}`
}

async function measure(contender: DhcpContender, signal: AbortSignal): Promise<Sample> {
  const directory = await makeLabDirectory()
  await using host = await Namespace.make(directory)
  await plug(host)
  const own = join(directory, 'state')
  await mkdir(own, { mode: 0o777 })
  for (const [name, text] of Object.entries(contender.files)) {
    await writeFile(join(own, name), text.replaceAll('DIRECTORY', own))
  }
  // its own messages go nowhere: reading them would be our work, and writing them is none of its task
  const server = host.spawn('sh', ['-c', START, join(own, 'process'), ...contender.command(own)], { signal })
  await sleep(2000, undefined, { signal })
  const before = await usageOf(host, own)
  const { exchangesPerSecond, exchanges } = await highestLoad(host, signal)
  const { cpuSeconds, peakMiB } = await usageOf(host, own)
  await server.kill('SIGKILL')
  const cpuSecondsPerThousand = ((cpuSeconds - before.cpuSeconds) / exchanges) * 1000
  return { exchangesPerSecond, cpuSecondsPerThousand, peakMiB }
}

/** Two namespaces and a cable: the server here, the clients in one of their own. */
async function plug(host: Namespace): Promise<void> {
  await host.run('mount', ['-t', 'tmpfs', 'tmpfs', '/run'])
  await host.run('ip', ['netns', 'add', 'clients'])
  await host.run('ip', ['link', 'add', 'server', 'type', 'veth', 'peer', 'name', 'clients', 'netns', 'clients'])
  for (const [netns, name, address] of [
    [[], 'server', SERVER_ADDRESS],
    [['-n', 'clients'], 'clients', '10.7.0.2'],
  ] as const) {
    await host.run('ip', [...netns, 'addr', 'add', `${address}/${PREFIX}`, 'dev', name])
    await host.run('ip', [...netns, 'link', 'set', name, 'up'])
  }
}

const TICKS_PER_SECOND = 100 // USER_HZ, on every Linux

/** A server is the process whose number it leaves behind: what starts it becomes it. */
const START = 'echo $$ >"$0"; exec "$@" >/dev/null 2>&1'

/** What the server of a directory has used since it was started, its threads included. */
async function usageOf(host: Namespace, directory: string): Promise<{ cpuSeconds: number; peakMiB: number }> {
  const { stdout } = await host.run('sh', ['-c', 'cd "/proc/$(cat "$0/process")" && cat stat status', directory])
  const fields = stdout.slice(stdout.indexOf(') ') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  return {
    cpuSeconds: ticks / TICKS_PER_SECOND,
    peakMiB: Number(/^VmHWM:\s+(\d+)/m.exec(stdout)?.[1] ?? Number.NaN) / 1024,
  }
}

function report(samples: ReadonlyMap<string, readonly Sample[]>): string {
  const medians = [...samples].map(([name, all]) => {
    const median = (of: (sample: Sample) => number): number => summarize(all.map(of)).median
    return {
      name,
      rate: median(({ exchangesPerSecond }) => exchangesPerSecond),
      cpu: median(({ cpuSecondsPerThousand }) => cpuSecondsPerThousand),
      peak: median(({ peakMiB }) => peakMiB),
    }
  })
  const own = medians[0]?.rate ?? 0
  const rows = medians.map(({ name, rate, cpu, peak }) => {
    const ratio = ratioOf(own, rate)?.toFixed(2) ?? ''
    return [name, Math.round(rate).toString(), cpu.toFixed(3), peak.toFixed(0), ratio]
  })
  return table([['', 'exchanges/s', 'CPU s per 1000', 'peak MiB', 'netroot is'], ...rows])
}
