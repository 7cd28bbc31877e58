import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** What a running server has used since it was started, its children included. */
export interface Usage {
  readonly cpuSeconds: number
  /** The most that its processes ever held at the same time, at most. */
  readonly peakMiB: number
}

/** A server that is measured. */
export interface Daemon extends AsyncDisposable {
  readonly pid: number
  usage(): Promise<Usage>
}

export interface DaemonOptions {
  readonly command: readonly string[]
  /** Resolves when the server answers, and rejects while it does not. */
  readonly probe: () => Promise<void>
  /** The processors it may run on, as taskset(1) has them; all without it. */
  readonly cores?: string
}

const START_MS = 10_000
const TICKS_PER_SECOND = 100 // USER_HZ, on every Linux

/**
 * Starts a server in the foreground and waits until it answers.
 *
 * @throws {Error} with its words, if it ends or does not answer
 */
export async function startDaemon({ command, probe, cores }: DaemonOptions): Promise<Daemon> {
  const [program = '', ...args] = cores === undefined ? command : ['taskset', '-c', cores, ...command]
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  let words = ''
  child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2000)))
  const end = async (): Promise<void> => stop(child)
  const deadline = Date.now() + START_MS
  for (;;) {
    if (child.exitCode !== null) throw new Error(`Cannot measure ${command.join(' ')}: it ended: ${words}`)
    if (await answers(probe)) break
    if (Date.now() > deadline) {
      await end()
      throw new Error(`Cannot measure ${command.join(' ')}: it does not answer: ${words}`)
    }
    await sleep(50)
  }
  const { pid = 0 } = child
  return { pid, usage: () => usageOf(pid), [Symbol.asyncDispose]: end }
}

async function answers(probe: () => Promise<void>): Promise<boolean> {
  return probe().then(
    () => true,
    () => false,
  )
}

/** The whole process group, for servers that have workers. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  process.kill(-child.pid, 'SIGTERM')
  await Promise.race([ended, sleep(3000)])
  if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
}

async function usageOf(group: number): Promise<Usage> {
  let [cpuSeconds, peakMiB] = [0, 0]
  for (const pid of await processesOf(group)) {
    const fields = await statOf(pid)
    // utime, stime, and those of the children that have ended
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    cpuSeconds += ticks / TICKS_PER_SECOND
    peakMiB += Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
  }
  return { cpuSeconds, peakMiB }
}

async function processesOf(group: number): Promise<string[]> {
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const members = await Promise.all(all.map(async (pid) => Number((await statOf(pid))[2]) === group))
  return all.filter((_, index) => members[index])
}

/** The fields of /proc/PID/stat behind the name, from the state on; none if it has ended. */
async function statOf(pid: string): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
