import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { NETROOT } from './netroot.ts'

/** A `netroot serve nfs` that is ready. */
export interface NfsProcess extends AsyncDisposable {
  readonly port: number
  readonly child: ChildProcess
  /** What it has said so far. */
  readonly errors: string
  /** SIGKILL; it is gone when this resolves. */
  kill(): Promise<void>
}

/**
 * Starts `netroot serve nfs` with these exports and waits for the line that says it listens.
 *
 * @param port 0 takes any free one
 * @param inside a program that ends by becoming the one behind it
 */
export async function serveNfs(
  exports: readonly string[],
  port = 0,
  inside: readonly string[] = [],
): Promise<NfsProcess> {
  const words = [...inside, NETROOT, 'serve', 'nfs', ...exports, '--listen', `127.0.0.1:${port}`]
  const [program = '', ...args] = words
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()))
  const [line] = (await Promise.race([
    once(createInterface(child.stdout), 'line'),
    once(child, 'close').then(() => assert.fail(`netroot serve nfs ended: ${errors}`)),
  ])) as [string]
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'close')
  }
  return {
    port: Number(/^listening on 127\.0\.0\.1:(\d+)$/.exec(line)?.[1] ?? assert.fail(line)),
    child,
    get errors() {
      return errors
    },
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  }
}

/** A URL as libnfs takes it: everything on that one port, as root. */
export function nfsUrl(port: number, path: string): string {
  return `nfs://127.0.0.1${path}?nfsport=${port}&mountport=${port}&version=3&uid=0&gid=0`
}
