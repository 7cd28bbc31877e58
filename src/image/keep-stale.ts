import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** When systemd made what it makes of the rest of /etc and /var: older than any /usr. */
const LONG_AGO = new Date(0)

/**
 * Has a machine that moves to another release make anew what its system makes of the release's files: the cache of
 * libraries, system users, the catalogue of messages. systemd does so where `/usr` is newer than these files
 * (ConditionNeedsUpdate, systemd-update-done.service); a machine's own copies say that it did so for the old release.
 *
 * @param directory of the machine; what it has not changed is the new release's
 */
export async function askForUpdate(directory: string): Promise<void> {
  for (const name of ['etc', 'var']) {
    const path = join(directory, 'upper', name, '.updated')
    const isThere = await writeFile(path, '').then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error
        return false
      },
    )
    if (isThere) await utimes(path, LONG_AGO, LONG_AGO)
  }
}
