import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Mutex } from '../storage/overlay/mutex.ts'
import { makeDirectories } from '../sys/files.ts'
import { run } from '../sys/run.ts'
import { ownedName, ownerIsGone } from './owner.ts'
import { StoreError } from './release.ts'
import type { ReleaseStore } from './store.ts'

/** The root of a release as a directory. */
export interface UnpackedRelease {
  /** SHA-256, in hex. */
  readonly digest: string
  readonly directory: string
}

/**
 * Releases as directories, for NFS servers that serve directories: each unpacked once and shared by all boots. Owners,
 * device nodes and capabilities are those of the release, which only root can make.
 */
export class UnpackedReleases {
  readonly #store: ReleaseStore
  readonly #directory: string | undefined
  readonly #mutex = new Mutex()

  /** @param directory holds one directory for each release; without it they lie in the store's cache and go with the release */
  constructor(store: ReleaseStore, directory?: string) {
    this.#store = store
    this.#directory = directory === undefined ? undefined : resolve(directory)
  }

  /** Where a release lies, or would lie. */
  pathOf(digest: string): string {
    if (this.#directory !== undefined) return join(this.#directory, digest)
    return join(resolve(this.#store.directory), 'cache', digest, 'tree')
  }

  /**
   * Unpacks a release unless it is there. It is written beside and renamed, with all of it on the disk.
   *
   * @throws {StoreError} if there is no such release, or this process is not root
   * @throws {Error} if tar fails, on a full disk for instance; then nothing stays
   */
  ensure(digest: string, signal?: AbortSignal): Promise<UnpackedRelease> {
    return this.#mutex.run(async () => {
      const directory = this.pathOf(digest)
      if (!(await exists(directory))) await this.#unpack(digest, directory, signal)
      return { digest, directory }
    })
  }

  /** All that lie there and whose releases the store still has, the oldest release first. */
  async all(): Promise<UnpackedRelease[]> {
    const found: UnpackedRelease[] = []
    for (const { digest } of (await this.#store.releases()).reverse()) {
      const directory = this.pathOf(digest)
      if (await exists(directory)) found.push({ digest, directory })
    }
    return found
  }

  /** Removes what lies in the directory of its own of a release that the store has no more. Of the store's cache it has gone. */
  async remove(digest: string): Promise<void> {
    if (this.#directory === undefined || !/^[0-9a-f]{64}$/.test(digest)) return
    const doomed = join(this.#directory, `.${ownedName()}`)
    await rename(this.pathOf(digest), doomed).catch(ignoreMissing)
    await rm(doomed, { recursive: true, force: true })
  }

  async #unpack(digest: string, directory: string, signal?: AbortSignal): Promise<void> {
    if (process.getuid?.() !== 0) {
      throw new StoreError(
        `Cannot unpack release ${digest.slice(0, 12)}: only root can make its owners; run it as root`,
      )
    }
    await using release = await this.#store.openRelease(digest)
    await using stage = await this.#stage()
    const tree = join(stage.directory, 'tree')
    await mkdir(tree)
    const keep = ['--numeric-owner', '--same-permissions', '--same-owner', '--xattrs', '--xattrs-include=*', '--acls']
    await run('tar', [...keep, '-xf', release.tar, '-C', tree], signal === undefined ? {} : { signal })
    await run('sync', ['-f', tree]) // a tree that is there is whole, after a power cut too
    await makeDirectories(dirname(directory))
    await rename(tree, directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error // somebody else was first
    })
  }

  /** On the file system where the tree is to lie. */
  async #stage(): Promise<AsyncDisposable & { readonly directory: string }> {
    const holder = this.#directory
    if (holder === undefined) return this.#store.stage()
    await makeDirectories(holder)
    await sweep(holder)
    const directory = join(holder, `.${ownedName()}`)
    await mkdir(directory, { mode: 0o700 })
    return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
  }
}

/** The root of a release as a directory in the store. @throws as `UnpackedReleases.ensure()` */
export async function unpackRelease(store: ReleaseStore, digest: string, signal?: AbortSignal): Promise<string> {
  return (await new UnpackedReleases(store).ensure(digest, signal)).directory
}

/** Removes what killed processes left. */
async function sweep(holder: string): Promise<void> {
  for (const name of await readdir(holder)) {
    if (!name.startsWith('.')) continue
    const path = join(holder, name)
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
    if (OWNED.test(name) && ownerIsGone(name.slice(1), Date.now() - mtimeMs)) {
      await rm(path, { recursive: true, force: true })
    }
  }
}

/** As `ownedName()` makes them: nothing else in the directory is ours to remove. */
const OWNED = /^\.\d+-\d+-\d+-[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
