import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** The program under test. */
export const NETROOT = fileURLToPath(new URL('../../bin/netroot', import.meta.url))

export interface Ended {
  /** Exit status, or the signal that killed it. */
  readonly status: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

/** A running program with what it has written so far. */
export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Starts a program. Its standard input stays open until `child.stdin` is ended. */
export function start(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(program, args, { env: { ...process.env, ...env } })
  const written = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => (written.stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (written.stderr += chunk.toString()))
  child.stdin.on('error', () => undefined) // it may end without reading all of it
  const ended = once(child, 'close').then(([status, signal]: unknown[]) => {
    return { ...written, status: (status ?? signal) as Ended['status'] }
  })
  return { child, ended }
}

/** Runs a program to its end. */
export async function runToEnd(
  program: string,
  args: readonly string[],
  input: Uint8Array | string = '',
): Promise<Ended> {
  const { child, ended } = start(program, args)
  child.stdin?.end(input)
  return ended
}
