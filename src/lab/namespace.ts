import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { CommandError } from '../sys/run.ts'
import { LabProcess, type SpawnOptions } from './lab-process.ts'
import { explainNoNamespace, PermissionError, readNamespaceSettings } from './preconditions.ts'

/** What a finished program left. */
export interface RunResult {
  readonly stdout: string
  readonly stderr: string
  readonly status: number
}

/**
 * Runs as process 1 of the namespaces. It tells its pid outside, then lives as long as its input stays open, that is,
 * as long as the process that made it; with it die all processes of the namespace. /proc and /sys of its own are nice
 * to have, and not allowed in some containers.
 */
const HOLDER = `
read -r pid rest </proc/self/stat
mount -t proc proc /proc 2>/dev/null
mount -t sysfs sysfs /sys 2>/dev/null
ip link set lo up || exit
trap '' CHLD
echo "$pid"
exec cat >/dev/null`

/** Outlives its maker by a moment, to remove the folder once everything inside is dead. */
const KEEPER = 'setpriv --pdeathsig KILL "$@"; rm -rf -- "$LAB_DIRECTORY"'

const CAP_SYS_ADMIN = 1n << 21n

/**
 * Network, process and mount namespaces of their own, with a user namespace where this process may not make them
 * otherwise. When this process ends, however it ends, all that runs inside is killed and the folder is removed.
 */
export class Namespace implements AsyncDisposable {
  /** Process 1 of the namespace, as seen from outside. */
  readonly pid: number
  /** Made by an ordinary user, who is root only inside. */
  readonly isUserNamespace: boolean
  readonly #keeper: ChildProcessWithoutNullStreams
  readonly #directory: string
  readonly #processes = new Set<LabProcess>()
  #closed: Promise<void> | undefined

  /**
   * Makes the namespaces; `directory` is removed when they vanish.
   *
   * @throws {PermissionError} if the kernel does not allow it; the text names the setting
   */
  static async make(directory: string): Promise<Namespace> {
    const user = !(await maySetUpNamespaces())
    const flags = [
      '--net',
      '--pid',
      '--mount',
      '--fork',
      '--kill-child',
      ...(user ? ['--user', '--map-root-user'] : []),
    ]
    const keeper = spawn('sh', ['-c', KEEPER, 'netroot-lab', 'unshare', ...flags, 'sh', '-c', HOLDER], {
      env: { ...process.env, LC_ALL: 'C', LAB_DIRECTORY: directory },
      detached: true, // Ctrl-C in a terminal is for this process alone, which then closes everything in order
    })
    let stderr = ''
    keeper.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    keeper.stdin.on('error', () => undefined)
    const pid = await Promise.race([
      once(keeper.stdout, 'data').then(([chunk]) => Number(String(chunk))),
      once(keeper, 'close').then(() => undefined),
    ])
    if (pid !== undefined) return new Namespace(pid, user, keeper, directory)
    throw new PermissionError(explainNoNamespace(stderr, await readNamespaceSettings()))
  }

  private constructor(
    pid: number,
    isUserNamespace: boolean,
    keeper: ChildProcessWithoutNullStreams,
    directory: string,
  ) {
    this.pid = pid
    this.isUserNamespace = isUserNamespace
    this.#keeper = keeper
    this.#directory = directory
  }

  /** Starts a program inside, without a shell. It ends with the namespace at the latest. */
  spawn(command: string, args: readonly string[], options: SpawnOptions = {}): LabProcess {
    if (this.#closed !== undefined) throw new Error(`Cannot start ${command}: the lab is closed`)
    const enter = ['--target', String(this.pid), '--net', '--pid', '--mount']
    if (this.isUserNamespace) enter.push('--user', '--preserve-credentials')
    // nsenter comes back to `/`; and it passes no signal on, hence the death signal: when it dies, so does the program.
    const inside = ['setpriv', '--pdeathsig', 'KILL', 'sh', '-c', 'cd "$0" && exec "$@"', options.cwd ?? process.cwd()]
    const child = new LabProcess('nsenter', [...enter, ...inside, command, ...args], [command, ...args], options)
    this.#processes.add(child)
    void child.exited.then(() => this.#processes.delete(child))
    return child
  }

  /**
   * Runs a program inside to its end.
   *
   * @throws {CommandError} if it does not end with status 0
   */
  async run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<RunResult> {
    const child = this.spawn(command, args, options)
    const { status } = await child.exited
    if (options.signal?.aborted === true) throw options.signal.reason
    if (status !== 0) throw new CommandError([command, ...args], status, child.stderr.lastLines(12))
    return { stdout: child.stdout.text, stderr: child.stderr.text, status }
  }

  /** Kills everything inside and waits until it is gone. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    const gone =
      this.#keeper.exitCode === null && this.#keeper.signalCode === null ? once(this.#keeper, 'close') : undefined
    this.#keeper.stdin.end()
    await gone
    await rm(this.#directory, { recursive: true, force: true, maxRetries: 3 }) // had somebody killed the keeper
    await Promise.all([...this.#processes].map((child) => child.exited))
  }
}

async function maySetUpNamespaces(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8')
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  return (effective & CAP_SYS_ADMIN) !== 0n
}
