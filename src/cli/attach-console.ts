import { once } from 'node:events'
import { connect } from 'node:net'
import type { Console } from '../lab/console.ts'

/** Ctrl-], as telnet has it. */
const LEAVE = 0x1d

/**
 * Connects the terminal with a machine's console until the person leaves with Ctrl-], the machine ends, or the signal
 * aborts. The terminal is as it was afterwards.
 */
export async function attachConsole({ attachPath }: Console, signal: AbortSignal): Promise<void> {
  process.stdout.write('\nThis terminal is its console now: press Enter; Ctrl-] ends the demo.\n')
  const line = connect(attachPath)
  const { stdin } = process
  const ended = Promise.race([once(line, 'close'), aborted(signal), leaving(line)])
  line.on('error', () => undefined) // 'close' follows
  line.on('data', (bytes) => process.stdout.write(bytes))
  stdin.setRawMode(true).resume()
  try {
    await ended
  } finally {
    stdin.setRawMode(false).pause().removeAllListeners('data')
    line.destroy()
    process.stdout.write('\n')
  }
}

/** Passes on what is typed, until it is Ctrl-]. */
function leaving(line: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    process.stdin.on('data', (typed: Buffer) => {
      if (typed.includes(LEAVE)) resolve()
      else line.write(typed)
    })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
