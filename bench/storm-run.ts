import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type MachineResult, StormMachine } from './storm-machine.ts'
import type { StormServerOptions, StormServerPorts } from './storm-server.ts'

export interface StormOptions extends StormServerOptions {
  readonly machines: number
  readonly signal: AbortSignal
}

export interface StormResult {
  readonly results: readonly MachineResult[]
  /** Until the last machine was in its initramfs. */
  readonly seconds: number
  /** The most that the server ever held. */
  readonly serverPeakMiB: number
}

const SERVER = fileURLToPath(new URL('storm-server.ts', import.meta.url))

/** All machines are powered on in the same moment. The server is a process of its own, so that its memory is its own. */
export async function runStorm({ machines, signal, ...options }: StormOptions): Promise<StormResult> {
  const args = ['--disable-warning=ExperimentalWarning', SERVER, JSON.stringify(options)]
  const server = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  server.on('error', () => undefined) // aborted
  try {
    const [line] = (await once(createInterface(server.stdout), 'line', { signal })) as [string]
    const ports = JSON.parse(line) as StormServerPorts
    const began = performance.now()
    const all = Array.from({ length: machines }, (_, index) => new StormMachine(ports, index).boot())
    const results = await Promise.all(all)
    const seconds = (performance.now() - began) / 1000
    return { results, seconds, serverPeakMiB: await peakOf(server.pid) }
  } finally {
    server.kill()
  }
}

async function peakOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1]) / 1024
}
