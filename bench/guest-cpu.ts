import { join } from 'node:path'
import type { Lab } from '../src/lab/lab.ts'

/** Clock ticks per second in /proc, which Linux tells programs as 100 on every architecture here. */
const TICKS = 100

/** Where QEMU of the lab's one machine writes its pid, given to it as `-pidfile`. */
export function pidFileOf(lab: Lab): string {
  return join(lab.directory, 'qemu.pid')
}

/** User and system time so far of the process whose pid stands in the file; both as the lab's namespace sees them. */
export async function cpuSecondsOf(lab: Lab, pidFile: string): Promise<number> {
  const { stdout } = await lab.run('sh', ['-c', 'read -r pid <"$0"; cat "/proc/$pid/stat"', pidFile])
  const fields = stdout.slice(stdout.lastIndexOf(')') + 2).split(' ') // from the third of proc_pid_stat(5)
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** The most memory that it ever held, MiB. */
export async function peakMibOf(lab: Lab, pidFile: string): Promise<number> {
  const { stdout } = await lab.run('sh', ['-c', 'read -r pid <"$0"; cat "/proc/$pid/status"', pidFile])
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(stdout)?.[1]) / 1024
}
