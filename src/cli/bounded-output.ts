import { setTimeout as sleep } from 'node:timers/promises'

/** The part of a stream that this needs; tests pass their own. */
export interface OutputStream {
  readonly writableLength: number
  write(text: string): boolean
}

/** What waits for a reader that does not read; beyond it lines are left out. */
const MOST_WAITING = 1_048_576

/**
 * Writes lines to a reader that may stop reading, a pager or a terminal at Ctrl-S, without ever waiting for it: what it
 * does not take in time is left out, and counted.
 */
export class BoundedOutput {
  readonly #stream: OutputStream
  readonly #note: (lines: number) => string
  readonly #most: number
  #dropped = 0

  /** @param note the line that stands for those left out */
  constructor(stream: OutputStream, note: (lines: number) => string, most = MOST_WAITING) {
    this.#stream = stream
    this.#note = note
    this.#most = most
  }

  /** Writes a line, which ends with its newline. */
  line(text: string): void {
    if (text === '') return
    if (this.#stream.writableLength + text.length > this.#most) {
      this.#dropped += 1
      return
    }
    if (this.#dropped > 0) this.#stream.write(this.#note(this.#dropped))
    this.#dropped = 0
    this.#stream.write(text)
  }
}

/** The handle below a stream of Node, as far as it goes. */
interface StdioHandle {
  readonly setBlocking?: (blocking: boolean) => unknown
}

/** Node writes to pipes and terminals at once, and stands still while nobody reads; here it shall not. */
export function neverBlock(stream: NodeJS.WriteStream): void {
  const handle = '_handle' in stream ? (stream._handle as StdioHandle | null) : null
  handle?.setBlocking?.(false)
}

/** How long the last lines wait for a reader at the end. */
const GRACE_MS = 500

/** Ends the process, without what a reader has not taken by then: else it would wait for him for ever. */
export async function leave(stream: NodeJS.WriteStream): Promise<void> {
  const end = performance.now() + GRACE_MS
  while (stream.writableLength > 0 && performance.now() < end) await sleep(20)
  if (stream.writableLength > 0) process.exit(process.exitCode ?? 0)
}
