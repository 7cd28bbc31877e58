import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { FileTree } from '../storage/file-tree.ts'
import { loadTarIndex, saveTarIndex } from '../storage/tar-index-file.ts'
import { openTarTree, scanTar } from '../storage/tar-tree.ts'
import { makeDirectories, syncDirectory } from '../sys/files.ts'
import { ImageMarks, namesIn } from './marks.ts'
import { ownedName, ownerIsGone, ownerPid } from './owner.ts'
import { type ImageInfo, ReleaseInfo, StoreError } from './release.ts'
import { bearsStamp, digestOf, keepStamp } from './stamp.ts'

/** A release that is in use: it is not removed before it is closed. */
export interface Release extends AsyncDisposable {
  readonly info: ReleaseInfo
  readonly tree: FileTree
  /** Path of the root archive. */
  readonly tar: string
  close(): Promise<void>
}

/**
 * The releases and images of a server, in one directory:
 *
 *     releases/DIGEST/root.tar       the root archive, and what was made of it when it came:
 *     releases/DIGEST/index          its entries (storage/tar-index-file.ts)
 *     releases/DIGEST/release.json   what it holds (release.ts)
 *     releases/DIGEST/verified       what the file was like when its digest was last found right
 *     images/NAME/TIME-DIGEST        empty; the newest is the current release
 *     cache/DIGEST/PART              made from a release, goes with it
 *     leases/DIGEST.OWNER            kept while a process uses the release
 *     tmp/OWNER                      being written
 *
 * A release is complete or absent: it is written in `tmp` and renamed. Every change is one rename or one new file, so
 * several processes may use a store at once.
 */
export class ReleaseStore {
  readonly directory: string
  readonly #marks: ImageMarks

  private constructor(directory: string) {
    this.directory = directory
    this.#marks = new ImageMarks(join(directory, 'images'))
  }

  /** Opens a store, which need not exist yet, and removes what processes left there that have ended. */
  static async open(directory: string): Promise<ReleaseStore> {
    const store = new ReleaseStore(directory)
    await store.#sweep()
    return store
  }

  /** The releases, newest first. */
  async releases(): Promise<ReleaseInfo[]> {
    const digests = (await this.#names('releases')).filter((name) => /^[0-9a-f]{64}$/.test(name))
    const infos = await Promise.all(digests.map((digest) => this.info(digest)))
    return infos.sort((a, b) => (a.created < b.created ? 1 : -1))
  }

  async images(): Promise<ImageInfo[]> {
    return this.#marks.all()
  }

  /** Undefined where there is no image of that name. @throws {StoreError} if it cannot be a name */
  async image(name: string): Promise<ImageInfo | undefined> {
    return this.#marks.get(name)
  }

  /**
   * The digest that somebody means by `NAME`, `NAME@DIGEST` or `DIGEST`; a digest may be shortened to 6 digits.
   *
   * @throws {StoreError} if there is none, or more than one
   */
  async resolve(reference: string): Promise<string> {
    const [name = '', short] = reference.split('@')
    const image = await this.#imageMeant(name, short)
    if (short === undefined && image?.releases[0] !== undefined) return image.releases[0].digest
    const known =
      short === undefined ? await this.#names('releases') : (image?.releases ?? []).map(({ digest }) => digest)
    const wanted = short ?? name
    const found = /^[0-9a-f]{6,64}$/.test(wanted) ? known.filter((digest) => digest.startsWith(wanted)) : []
    if (found.length === 1 && found[0] !== undefined) return found[0]
    if (found.length > 1) throw new StoreError(`Cannot tell which release "${reference}" is: ${found.join(', ')}`)
    const names = (await this.images()).map((other) => other.name).join(', ')
    throw new StoreError(
      `There is no image or release "${reference}" in ${this.directory}; images are: ${names || 'none'}`,
    )
  }

  /** What a release holds. @throws {StoreError} if there is no such release */
  async info(digest: string): Promise<ReleaseInfo> {
    const path = this.#path('releases', digest, 'release.json')
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
      throw new StoreError(`There is no release ${digest} in ${this.directory}`)
    })
    const parsed = ReleaseInfo.safeParse(safeJson(text))
    if (parsed.success) return parsed.data
    throw new StoreError(`Cannot read ${path}: it is damaged; remove the release and import it again`)
  }

  /**
   * Opens a release, and keeps it from being removed until it is closed. If the archive was touched since it was last
   * found right it is read first, to see that it still is.
   *
   * @throws {StoreError} if there is no such release, or it is damaged
   */
  async openRelease(digest: string): Promise<Release> {
    const info = await this.info(digest)
    const lease = await this.#lease(digest)
    try {
      if (!(await bearsStamp(this.#tar(digest), this.#path('releases', digest, 'verified')))) await this.verify(digest)
      const tree = await this.#openTree(digest)
      const close = async (): Promise<void> => {
        await tree.close()
        await rm(lease, { force: true })
      }
      return { info, tree, tar: this.#tar(digest), close, [Symbol.asyncDispose]: close }
    } catch (error) {
      await rm(lease, { force: true })
      throw error
    }
  }

  /** Reads the whole archive. @throws {StoreError} if it is not the one that the release is named after */
  async verify(digest: string, signal?: AbortSignal): Promise<void> {
    const tar = this.#tar(digest)
    const found = await digestOf(tar, signal)
    const advice = `netroot image rm ${digest.slice(0, 12)}, then build or import it again`
    if (found !== digest) throw new StoreError(`Release ${digest} is damaged: ${tar} has SHA-256 ${found}; ${advice}`)
    await keepStamp(tar, this.#path('releases', digest, 'verified'))
  }

  /**
   * Removes an image with all its releases (`NAME`), one of its releases (`NAME@DIGEST`), or a release wherever it is
   * used (`DIGEST`). A release that another image has stays.
   *
   * @param inUse says who uses a release, beside the processes that opened it
   * @returns the digests of the releases that are gone
   * @throws {StoreError} if one is in use; then nothing was removed
   */
  async remove(reference: string, inUse: (digest: string) => Promise<string | undefined> = nobody): Promise<string[]> {
    const [name = '', short] = reference.split('@')
    const image = await this.#imageMeant(name, short)
    const whole = short === undefined && image !== undefined
    const digests = whole ? image.releases.map(({ digest }) => digest) : [await this.resolve(reference)]
    const others = (await this.images()).filter((other) => image !== undefined && other.name !== name)
    const doomed = digests.filter(
      (digest) => !others.some((other) => other.releases.some((kept) => kept.digest === digest)),
    )
    for (const digest of doomed) {
      const user = (await this.#user(digest)) ?? (await inUse(digest))
      if (user !== undefined) throw new StoreError(`Cannot remove release ${digest}: ${user} uses it; stop that first`)
    }
    const holders = image === undefined ? await this.images() : [image]
    for (const holder of holders) await this.#marks.remove(holder.name, digests)
    for (const digest of doomed) await this.#discard(digest)
    return doomed
  }

  /**
   * The path of something made from a release, made now if it is not there yet.
   *
   * @param part file name, with the digest of all else that it was made from
   * @param make writes it to the path it is given
   */
  async cachedPart(digest: string, part: string, make: (path: string) => Promise<void>): Promise<string> {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(part)) throw new StoreError(`Cannot cache "${part}": want a file name`)
    const path = this.#path('cache', digest, part)
    if ((await statOrNone(path)) !== undefined) return path
    await using stage = await this.stage()
    await make(join(stage.directory, part))
    await syncFile(join(stage.directory, part))
    await mkdir(this.#path('cache', digest), { recursive: true })
    await rename(join(stage.directory, part), path)
    return path
  }

  /** A directory to write in. It goes when it is disposed of, or when this process ends and the store is next opened. */
  async stage(): Promise<Stage> {
    const directory = this.#path('tmp', ownedName())
    await makeDirectories(directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error
      throw new StoreError(
        `Cannot write to the store ${this.directory}: ${error.code}; run as its owner, or name another with --store`,
      )
    })
    return { directory, [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) }
  }

  /** Makes a staged directory a release, unless it is there already. @returns whether it is new */
  async publish(stage: Stage, digest: string): Promise<boolean> {
    await mkdir(this.#path('releases'), { recursive: true })
    await syncDirectory(stage.directory)
    const isNew = await rename(stage.directory, this.#path('releases', digest)).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOTEMPTY' || error.code === 'EEXIST') return false
        throw error
      },
    )
    await syncDirectory(this.#path('releases'))
    return isNew
  }

  /** Makes a release the current one of an image. @throws {StoreError} if there is no such release */
  async mark(name: string, digest: string): Promise<void> {
    await this.#marks.add(name, digest)
    await this.info(digest) // somebody may have removed it in between
  }

  /** A whole digest is too long for a name of an image. */
  async #imageMeant(name: string, short: string | undefined): Promise<ImageInfo | undefined> {
    return short === undefined && /^[0-9a-f]{64}$/.test(name) ? undefined : this.image(name)
  }

  async #openTree(digest: string): Promise<FileTree> {
    const path = this.#path('releases', digest, 'index')
    const kept = await loadTarIndex(path, digest)
    const index = kept ?? (await scanTar(this.#tar(digest)))
    if (kept === undefined) await saveTarIndex(path, digest, index).catch(() => undefined) // only costs time next time
    return openTarTree(this.#tar(digest), index)
  }

  async #lease(digest: string): Promise<string> {
    const path = this.#path('leases', `${digest}.${ownedName()}`)
    await makeDirectories(this.#path('leases'))
      .then(() => writeFile(path, ''))
      .catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'EACCES' && error.code !== 'EROFS') throw error // a store that may only be read
      })
    return path
  }

  /** Who opened a release, for people. */
  async #user(digest: string): Promise<string | undefined> {
    for (const name of await this.#names('leases')) {
      const owner = name.slice(digest.length + 1)
      if (name.startsWith(digest) && !ownerIsGone(owner, await ageOf(this.#path('leases', name)))) {
        return `process ${ownerPid(owner)}`
      }
    }
    return undefined
  }

  /** Out of sight in one step, then removed. */
  async #discard(digest: string): Promise<void> {
    await using stage = await this.stage()
    for (const kind of ['releases', 'cache']) {
      await rename(this.#path(kind, digest), join(stage.directory, kind)).catch(ignoreMissing)
    }
  }

  /** Removes what killed processes left. Where the store may only be read, that is not our business. */
  async #sweep(): Promise<void> {
    for (const kind of ['tmp', 'leases']) {
      for (const name of await this.#names(kind)) {
        const path = this.#path(kind, name)
        const owner = kind === 'tmp' ? name : name.slice(name.indexOf('.') + 1)
        if (ownerIsGone(owner, await ageOf(path)))
          await rm(path, { recursive: true, force: true }).catch(() => undefined)
      }
    }
  }

  async #names(directory: string): Promise<string[]> {
    return namesIn(this.#path(directory))
  }
  #tar(digest: string): string {
    return this.#path('releases', digest, 'root.tar')
  }
  #path(...parts: readonly string[]): string {
    return join(this.directory, ...parts)
  }
}

export interface Stage extends AsyncDisposable {
  readonly directory: string
}

const nobody = async (): Promise<undefined> => undefined

async function syncFile(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}
async function statOrNone(path: string): Promise<Awaited<ReturnType<typeof stat>> | undefined> {
  return stat(path).catch(ignoreMissing)
}
function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
async function ageOf(path: string): Promise<number> {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
  return Date.now() - mtimeMs
}
function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
