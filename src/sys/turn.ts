import { setImmediate as waitForNext } from 'node:timers/promises'

/** Milliseconds of a turn of the event loop that all long work together may take: others wait meanwhile. */
const SHARE_MS = 2

/** When the long work of this turn began; undefined if it has not. */
let began: number | undefined

/**
 * True if the long work of this turn of the event loop has had its share, whoever did it: wait for {@link nextTurn}. To
 * be asked every few microseconds of work.
 */
export function turnIsOver(): boolean {
  const now = performance.now()
  if (began !== undefined) return now - began > SHARE_MS
  began = now
  setImmediate(() => (began = undefined))
  return false
}

/** Resolves when others have had their turn. */
export function nextTurn(): Promise<void> {
  return waitForNext()
}
