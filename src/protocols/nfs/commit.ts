import type { WritableFile } from '../../storage/writable-tree.ts'
import type { Logger } from '../../sys/log.ts'
import type { Steps } from '../rpc/steps.ts'
import type { WriteVerifier } from './write-verifier.ts'

/**
 * Puts on the disk what was written to a file. Where the disk fails, everybody's writes that are not committed are in doubt.
 *
 * @throws what the tree throws
 */
export function* commitFile(
  open: WritableFile,
  { writeVerifier, log }: { readonly writeVerifier: WriteVerifier; readonly log: Logger },
): Steps {
  try {
    yield open.commit()
  } catch (error) {
    yield writeVerifier.lost().catch((failed: unknown) => {
      log.warn('NFS could not note that writes may be lost', { error: failed })
    })
    throw error
  }
}
