import { resolve } from 'node:path'
import { stateDirectory } from '../config/paths.ts'
import { MissingProgramError } from '../image/build.ts'
import { StoreError } from '../image/release.ts'
import { ReleaseStore } from '../image/store.ts'
import { InterruptedError, PermissionError } from './failure.ts'

/** The store that is meant: `--store`, or the state directory. */
export function storeDirectory(option: string | undefined): string {
  return resolve(option ?? stateDirectory())
}

/** Opens the store that is meant. */
export async function openStore(option: string | undefined): Promise<ReleaseStore> {
  return ReleaseStore.open(storeDirectory(option))
}

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
    if (stop.signal.aborted) throw new InterruptedError(error instanceof StoreError ? error.message : 'Interrupted')
    if (error instanceof MissingProgramError) throw new PermissionError(error.message, { cause: error.cause })
    throw error
  } finally {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(name, abort)
  }
}
