import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../src/sys/run.ts'

/** What a whole program took, its children included. */
export interface Measured {
  readonly wallSeconds: number
  /** User and system time of all its processes. */
  readonly cpuSeconds: number
  /** Of the largest of its processes. */
  readonly peakMiB: number
}

/** Runs a program under GNU time(1), which asks the kernel for what it used. @throws {CommandError} */
export async function measuredRun(command: string, args: readonly string[], signal: AbortSignal): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-bench-'))
  try {
    const figures = join(directory, 'time')
    await run('/usr/bin/time', ['--format=%e %U %S %M', `--output=${figures}`, command, ...args], { signal })
    const [wall = 0, user = 0, system = 0, peak = 0] = (await readFile(figures, 'utf8')).trim().split(' ').map(Number)
    return { wallSeconds: wall, cpuSeconds: user + system, peakMiB: peak / 1024 }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
