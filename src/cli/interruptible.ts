import { InterruptedError, PermissionError } from './failure.ts'

/**
 * Runs something long that Ctrl-C stops in an orderly way; a second one ends the process at once.
 *
 * @throws {InterruptedError} when it was stopped
 * @throws {PermissionError} when a program is missing
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController()
  const abort = (name: NodeJS.Signals): void => stop.abort(new InterruptedError(`stopped by ${name}`))
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, abort)
  try {
    return await action(stop.signal)
  } catch (error) {
    // By their names: loading the classes would load the whole store.
    const { name = '', message = '', cause } = error instanceof Error ? error : {}
    if (stop.signal.aborted) throw new InterruptedError(name === 'StoreError' ? message : 'Interrupted')
    if (name === 'MissingProgramError') throw new PermissionError(message, { cause })
    throw error
  } finally {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, abort)
  }
}
