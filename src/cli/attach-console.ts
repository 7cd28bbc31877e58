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
  line.on('error', () => undefined) // 'close' follows
  line.on('data', (bytes) => process.stdout.write(bytes))
  const closed = new Promise<void>((resolve) => line.once('close', resolve))
  const over = new AbortController()
  const left = leaving(line, over.signal)
  stdin.setRawMode(true).resume()
  try {
    await Promise.race([closed, aborted(signal), left])
  } finally {
    over.abort()
    stdin.setRawMode(false).pause()
    line.destroy()
    process.stdout.write('\n')
  }
}

/** Passes on what is typed, until it is Ctrl-] or the terminal is gone; listens no longer than until the signal aborts. */
function leaving(line: NodeJS.WritableStream, signal: AbortSignal): Promise<void> {
  const { stdin } = process
  return new Promise((resolve) => {
    const type = (typed: Buffer): void => {
      if (typed.includes(LEAVE)) resolve()
      else line.write(typed)
    }
    stdin.on('data', type).once('end', resolve)
    signal.addEventListener('abort', () => stdin.off('data', type).off('end', resolve), { once: true })
  })
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
