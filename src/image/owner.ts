import { createHash, randomBytes } from 'node:crypto'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Names the process that a file belongs to, so that whoever comes later can tell whether it still runs:
 * `PID-STARTED-NAMESPACE-BOOT-HOST`. Process numbers are used again, hence the start time; they mean nothing in
 * another PID namespace, after a reboot or on another host.
 */
export type OwnerTag = string

const LONGEST_RUN = 24 * 3600 * 1000 // of a process that cannot be seen from here, milliseconds
const PATTERN = /^(\d+)-(\d+)-(\d+)-([0-9a-f]{8})-([0-9a-f]{8})(?:-|$)/

/** Of this process. */
export function ownerTag(): OwnerTag {
  return [process.pid, startTime(process.pid) ?? 0, pidNamespace(), bootMark(), hostMark()].join('-')
}

/** A file name that belongs to this process and that nobody else uses. */
export function ownedName(): string {
  return `${ownerTag()}-${randomBytes(4).toString('hex')}`
}

/**
 * Whether the process that a name belongs to has ended, as far as can be told from here.
 *
 * @param ageMs since the file was last changed
 */
export function ownerIsGone(name: string, ageMs: number): boolean {
  const match = PATTERN.exec(name)
  if (match === null) return ageMs > LONGEST_RUN
  const [, pid, started, namespace, boot, host] = match
  if (host !== hostMark()) return ageMs > LONGEST_RUN
  if (boot !== bootMark()) return true
  if (namespace !== pidNamespace()) return ageMs > LONGEST_RUN || isGoneBelow(pid, started)
  return startTime(Number(pid)) !== started
}

/** Process number of an owner, for people. */
export function ownerPid(name: string): string {
  return PATTERN.exec(name)?.[1] ?? 'unknown'
}

/** Field 22 of /proc/PID/stat, clock ticks since the host started. Undefined when there is no such process. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the name may hold anything, brackets too
    return fields[0] === 'Z' ? undefined : fields[19]
  } catch {
    return undefined
  }
}

/** PROC_PID_INIT_INO of the kernel: the PID namespace from which the processes of all others are seen. */
const INITIAL_NAMESPACE = String(0xef_ff_ff_fc)

/** Of a process in a namespace below: that of a demo, say, which was killed with all that it held. */
function isGoneBelow(pid: string | undefined, started: string | undefined): boolean {
  if (pidNamespace() !== INITIAL_NAMESPACE) return false // it may be one that cannot be seen from here
  const candidates = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && innermostPid(name) === pid)
  return !candidates.some((name) => startTime(Number(name)) === started)
}

/** The number that a process has in its own PID namespace, proc_pid_status(5) NSpid. */
function innermostPid(pid: string): string | undefined {
  try {
    return /^NSpid:.*\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  } catch {
    return undefined // it has ended
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
}
function bootMark(): string {
  return mark(readFileSync('/proc/sys/kernel/random/boot_id', 'latin1'))
}
function hostMark(): string {
  let id: string
  try {
    id = readFileSync('/etc/machine-id', 'latin1')
  } catch {
    id = ''
  }
  return mark(id.trim() === '' ? hostname() : id)
}
function mark(text: string): string {
  return createHash('sha256').update(text.trim()).digest('hex').slice(0, 8)
}
