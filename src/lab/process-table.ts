import { readFile, readlink } from 'node:fs/promises'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks since boot; field 22 of /proc/PID/stat. */
  readonly startTime: string
  /** The namespace in which `pid` means something: inode of /proc/self/ns/pid. */
  readonly namespace: string
}

/** The identity of this process. */
export async function ownIdentity(): Promise<ProcessIdentity> {
  const link = await readlink('/proc/self/ns/pid')
  const startTime = (await startTimeOf(process.pid)) ?? '0'
  return { pid: process.pid, startTime, namespace: /\d+/.exec(link)?.[0] ?? '0' }
}

/** When the process was started, or undefined if there is none or it is only waiting to be collected. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The program's name, field 2, is in brackets and may hold blanks and brackets itself: count from the last one.
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? undefined : fields?.[19]
}

/** The processes that this one has started. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  return text.trim().split(/\s+/).filter(Boolean).map(Number)
}
