import { mkdir } from 'node:fs/promises'
import { run } from '../sys/run.ts'
import type { ReleaseStore } from './store.ts'
import { StoreError } from './release.ts'

/**
 * The root of a release as a directory, for NFS servers that serve directories: unpacked once, kept in the cache, gone
 * with the release. Owners, device nodes and capabilities are those of the release, which only root can make.
 *
 * @returns the path of the directory
 * @throws {StoreError} if this process is not root
 * @throws {Error} if tar fails, on a full disk for instance; then nothing stays
 */
export async function unpackRelease(store: ReleaseStore, digest: string, signal?: AbortSignal): Promise<string> {
  return store.cachedPart(digest, 'tree', async (path) => {
    if (process.getuid?.() !== 0) {
      throw new StoreError(
        `Cannot unpack release ${digest.slice(0, 12)}: only root can make its owners; run it as root`,
      )
    }
    await using release = await store.openRelease(digest)
    await mkdir(path)
    const keep = ['--numeric-owner', '--same-permissions', '--same-owner', '--xattrs', '--xattrs-include=*', '--acls']
    await run('tar', [...keep, '-xf', release.tar, '-C', path], signal === undefined ? {} : { signal })
  })
}
