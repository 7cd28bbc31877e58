import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { childrenOf } from './process-table.ts'
import { Transcript } from './transcript.ts'

export interface SpawnOptions {
  /** Default: that of this process. */
  readonly cwd?: string
  /** Added to the environment; `LC_ALL=C` always is. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input, which is then closed; it is empty otherwise. */
  readonly input?: string | Uint8Array
  /** Leaves standard input open for `process.input`. */
  readonly keepInput?: boolean
  /** Write standard output to this open file instead of collecting it. */
  readonly stdoutFile?: number
  /** Kills the program when it aborts. */
  readonly signal?: AbortSignal
}

/** How a program ended. */
export interface ProcessExit {
  /** Undefined when a signal ended it. */
  readonly status: number | undefined
  readonly signal: NodeJS.Signals | undefined
}

/** A program that runs inside a lab; its output is collected and can be waited for. */
export class LabProcess implements AsyncDisposable {
  readonly command: readonly string[]
  readonly stdout: Transcript
  readonly stderr: Transcript
  /** Never rejects; a program that could not be started has status 127. */
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess

  /** `command` runs in fact (nsenter …); `shown` is what messages say. */
  constructor(command: string, args: readonly string[], shown: readonly string[], options: SpawnOptions) {
    this.command = shown
    const name = shown[0]?.split('/').at(-1) ?? command
    const report = async (): Promise<string> =>
      `--- output of ${name}\n${this.stdout.lastLines(20)}\n${this.stderr.lastLines(20)}`
    this.stdout = new Transcript({ name: `output of ${name}`, report })
    this.stderr = new Transcript({ name: `error output of ${name}`, report })
    const stdio: StdioOptions = ['pipe', options.stdoutFile ?? 'pipe', 'pipe']
    this.#child = spawn(command, args, { stdio, detached: true, env: { ...process.env, LC_ALL: 'C', ...options.env } })
    this.exited = this.#watch()
    this.#feed(options)
  }

  /** Standard input, where `keepInput` was given. */
  get input(): NodeJS.WritableStream {
    if (this.#child.stdin === null) throw new Error(`${this.command[0]} has no standard input`)
    return this.#child.stdin
  }

  /** Sends a signal to the program itself. Does nothing if it has ended. */
  async kill(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const pid = this.#child.pid
    if (pid === undefined) return
    // Never nsenter: killed while it forks, it would leave a program that nobody can find any more.
    for (let tries = 0; tries < 400 && this.#isRunning(); tries++) {
      const inside = await childrenOf(pid) // the program is its only child
      for (const target of inside) trySignal(target, signal)
      if (inside.length > 0) return
      await sleep(5)
    }
    if (this.#isRunning()) trySignal(pid, signal)
  }

  /** Ends the program: SIGTERM, and SIGKILL after `graceMs`. */
  async stop(graceMs = 3000): Promise<ProcessExit> {
    await this.kill('SIGTERM')
    const timer = setTimeout(() => void this.kill('SIGKILL'), graceMs)
    try {
      return await this.exited
    } finally {
      clearTimeout(timer)
    }
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  #watch(): Promise<ProcessExit> {
    const child = this.#child
    collect(child.stdout, this.stdout)
    collect(child.stderr, this.stderr)
    return new Promise((resolve) => {
      const end = (status: number | undefined, signal: NodeJS.Signals | undefined): void => {
        for (const text of [this.stdout, this.stderr]) text.end(`the program ended (${signal ?? `status ${status}`})`)
        resolve({ status, signal })
      }
      child.once('error', (error) => {
        this.stderr.append(error.message)
        end(127, undefined)
      })
      child.once('close', (status, signal) => end(status ?? undefined, signal ?? undefined))
    })
  }

  #feed({ input, keepInput, signal }: SpawnOptions): void {
    this.#child.stdin?.on('error', () => undefined) // it may end without reading its input
    if (keepInput !== true) this.#child.stdin?.end(input ?? '')
    if (signal === undefined) return
    const abort = (): void => void this.kill('SIGKILL')
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void this.exited.then(() => signal.removeEventListener('abort', abort))
  }
}

function collect(stream: NodeJS.ReadableStream | null, into: Transcript): void {
  const decoder = new TextDecoder()
  stream?.on('data', (chunk: Buffer) => into.append(decoder.decode(chunk, { stream: true })))
}

function trySignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended in between
  }
}
