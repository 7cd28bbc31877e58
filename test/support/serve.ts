import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type Ended, NETROOT, start } from './netroot.ts'

/** A `netroot serve …` that is ready. */
export interface Service extends AsyncDisposable {
  readonly port: number
  readonly pid: number
  /** Ends it with SIGTERM; the same result each time. */
  stop(): Promise<Ended>
}

/** Starts `netroot serve ARGS` on a free port of the loopback interface and waits for the line that says it listens. */
export async function serve(...args: readonly string[]): Promise<Service> {
  const { child, ended } = start(NETROOT, ['serve', ...args, '--listen', '127.0.0.1:0'])
  assert.ok(child.stdout !== null && child.pid !== undefined)
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([text]: unknown[]) => String(text)),
    ended.then(({ stderr }) => assert.fail(`netroot serve ${args.join(' ')} ended: ${stderr}`)),
  ])
  const stop = (): Promise<Ended> => {
    child.kill('SIGTERM') // of one that has ended it changes nothing
    return ended
  }
  return {
    port: Number(/^listening on 127\.0\.0\.1:(\d+)$/.exec(line)?.[1] ?? assert.fail(line)),
    pid: child.pid,
    stop,
    [Symbol.asyncDispose]: async () => void (await stop()),
  }
}
