import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'

/** A program that cannot outlive this process. */
export interface Leashed {
  readonly stdout: NodeJS.ReadableStream
  readonly stderr: NodeJS.ReadableStream
  /** Exit status and signal, when it and all that it started have ended. */
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>
  /** Ends it and all that it started, and waits for that. Calling it again, or too late, is fine. */
  stop(): Promise<void>
}

const PATIENCE = 10_000 // for a user's program to clean up, milliseconds

/**
 * For root: a mount and a PID namespace, so that when the program ends, in whatever way, the kernel ends all that it
 * started and undoes its mounts. mmdebstrap by itself mounts on the host, and its parent half ignores SIGTERM.
 */
const FOR_ROOT = ['setpriv', '--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--fork', '--kill-child']
/** For a user, whose mmdebstrap makes such namespaces itself: SIGTERM to the whole process group. */
const GROUP =
  'trap "trap : TERM; kill -TERM 0" TERM; "$@" & child=$!; wait $child; status=$?; wait $child; exit $status'
const FOR_USER = ['setpriv', '--pdeathsig', 'TERM', '--', 'sh', '-c', GROUP, 'sh']

export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/** Starts a program that ends when this process does, even if that is killed. */
export function startLeashed(command: readonly string[], env: NodeJS.ProcessEnv): Leashed {
  const [program = '', ...args] = [...(isRoot() ? FOR_ROOT : FOR_USER), ...command]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env, detached: true })
  const ended = once(child, 'close') as Leashed['ended']
  ended.catch(() => undefined) // whoever waits for it hears of it
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.stdout.destroy()
    child.kill(isRoot() ? 'SIGKILL' : 'SIGTERM')
    const late = setTimeout(() => killGroup(child.pid), PATIENCE)
    await ended.catch(() => undefined)
    clearTimeout(late)
  }
  return { stdout: child.stdout, stderr: child.stderr, ended, stop }
}

function killGroup(pid: number | undefined): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL')
}

/** Whether a program is in the PATH. */
export async function isInstalled(program: string): Promise<boolean> {
  const directories = (process.env['PATH'] ?? '').split(':').filter((directory) => directory !== '')
  const found = await Promise.allSettled(
    directories.map((directory) => access(join(directory, program), constants.X_OK)),
  )
  return found.some(({ status }) => status === 'fulfilled')
}
