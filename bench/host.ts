import { cpus, loadavg, release, totalmem } from 'node:os'
import { run } from '../src/sys/run.ts'

/** Where a measurement was made: figures of different hosts do not compare. */
export interface HostDescription {
  readonly processor: string
  readonly cores: number
  readonly memoryMiB: number
  readonly kernel: string
  readonly qemu: string
  readonly node: string
  /** Mean number of running processes over the last minute before the measurement; well below `cores` is quiet. */
  readonly load: number
}

export async function describeHost(): Promise<HostDescription> {
  const processors = cpus()
  return {
    processor: processors[0]?.model.trim() ?? 'unknown',
    cores: processors.length,
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    kernel: release(),
    qemu: await qemuVersion(),
    node: process.versions.node,
    load: Number((loadavg()[0] ?? 0).toFixed(2)),
  }
}

async function qemuVersion(): Promise<string> {
  const text = (await run('qemu-system-x86_64', ['--version'])).toString()
  return /version (\S+)/.exec(text)?.[1] ?? 'unknown'
}
