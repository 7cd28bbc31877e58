import { spawn } from 'node:child_process'

/** A program that could not be started, or that ended with another status than 0. */
export class CommandError extends Error {
  readonly command: readonly string[]
  /** Exit status, or undefined if it was killed or never started. */
  readonly status: number | undefined
  /** The last lines that it wrote to standard error. */
  readonly stderr: string

  constructor(command: readonly string[], status: number | undefined, stderr: string, options?: ErrorOptions) {
    const how = status === undefined ? 'did not finish' : `ended with status ${status}`
    super(`${command.join(' ')} ${how}${stderr === '' ? '' : `: ${stderr}`}`, options)
    this.name = 'CommandError'
    this.command = command
    this.status = status
    this.stderr = stderr
  }
}

export interface RunOptions {
  readonly cwd?: string
  /** Added to the environment; `LC_ALL=C` always is. */
  readonly env?: Readonly<Record<string, string>>
  /** Written to standard input, which is empty otherwise. */
  readonly input?: string | Uint8Array
  /** Kills the program when it aborts. */
  readonly signal?: AbortSignal
  /** Called for every line of standard error, for progress. */
  readonly onStderrLine?: (line: string) => void
}

/**
 * Runs a program without a shell and returns what it wrote to standard output.
 *
 * @throws {CommandError} if it cannot be started or does not end with status 0
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Buffer> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const output: Buffer[] = []
  const tail = new LineTail(options.onStderrLine)
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => tail.push(chunk))
  child.stdin.on('error', () => undefined) // it may end without reading its input
  child.stdin.end(options.input ?? '')
  const full = [command, ...args]
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => reject(new CommandError(full, undefined, cause.message, { cause })))
    child.once('close', (status) => {
      if (status === 0) resolve(Buffer.concat(output))
      else reject(new CommandError(full, status ?? undefined, tail.text()))
    })
  })
}

/** Keeps the last lines of a stream for an error message. */
class LineTail {
  readonly #onLine: ((line: string) => void) | undefined
  #lines: string[] = []
  #partial = ''

  constructor(onLine: ((line: string) => void) | undefined) {
    this.#onLine = onLine
  }
  push(chunk: Buffer): void {
    const parts = (this.#partial + chunk.toString('utf8')).split(/\r?\n/)
    this.#partial = parts.pop() ?? ''
    for (const line of parts) this.#onLine?.(line)
    this.#lines = [...this.#lines, ...parts].slice(-12)
  }
  text(): string {
    return [...this.#lines, this.#partial].join('\n').trim()
  }
}
