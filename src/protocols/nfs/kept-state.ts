import { hostname } from 'node:os'
import { InUseError } from '../../sys/claim.ts'
import type { Logger } from '../../sys/log.ts'
import { RecordsDirectory } from './v4/records-directory.ts'
import { type ClientRecords, NO_RECORDS } from './v4/state/records.ts'
import { WriteVerifier } from './write-verifier.ts'

/** What the next run of a server must know. */
export interface KeptState extends AsyncDisposable {
  readonly records: ClientRecords
  /** The name of the server for its clients. */
  readonly scope: string
  readonly writeVerifier: WriteVerifier
}

/**
 * Opens the directory in which a server keeps what its next run must know, on whatever host that is. A disk that is full
 * or broken stops no server: what cannot be read or written is done without, and the log says what that means.
 *
 * @param directory without it nothing is kept
 * @throws {InUseError} if another server has it: two would give away the same locks
 */
export async function openKeptState(directory: string | undefined, log: Logger): Promise<KeptState> {
  const nothing = async (): Promise<void> => undefined
  if (directory === undefined) return stateOf(NO_RECORDS, hostname(), new WriteVerifier(), nothing)
  const kept = new RecordsDirectory(directory)
  const attempt = async <T>(instead: T, what: string, work: () => Promise<T>): Promise<T> =>
    work().catch((error: unknown) => {
      if (error instanceof InUseError) throw error
      log.error(`${what}: see that netroot can read and write ${directory}, and that there is room`, { error })
      return instead
    })
  await using opening = new AsyncDisposableStack()
  const unclaim = await attempt(
    nothing,
    'NFS serves without a note that its state is in use, so another server may start with it',
    () => kept.claim(),
  )
  opening.defer(unclaim)
  const scope = await attempt(
    hostname(),
    'NFS does not know what its clients call it, and they may not get back what they hold',
    () => kept.scope(),
  )
  const writeVerifier = await attempt(
    new WriteVerifier(),
    'NFS cannot promise that writes outlive a restart, so clients send again what is not committed',
    () => WriteVerifier.open(kept),
  )
  const opened = opening.move()
  return stateOf(kept, scope, writeVerifier, () => opened.disposeAsync())
}

function stateOf(
  records: ClientRecords,
  scope: string,
  writeVerifier: WriteVerifier,
  close: () => Promise<void>,
): KeptState {
  return { records, scope, writeVerifier, [Symbol.asyncDispose]: close }
}
