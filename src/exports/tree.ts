import { createHash } from 'node:crypto'
import { readFile, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makeDirectories, writeFileAtomic } from '../sys/files.ts'

/** Says which files of a directory are ours, in the form that `sha256sum -c` reads. */
const MANIFEST = 'netroot-export.sha256'

/** What became of a directory. */
export interface TreeResult {
  /** Paths in it. */
  readonly written: readonly string[]
  readonly same: readonly string[]
  readonly removed: readonly string[]
}

/** A file in the directory is not ours, or was changed since it was written. */
export class ForeignFileError extends Error {
  constructor(path: string, why: string) {
    super(`Cannot write ${path}: it ${why}. Look at it, then call this again with --force`)
    this.name = 'ForeignFileError'
  }
}

/**
 * A directory of files that another server serves and that is written again and again. Each file is written beside its
 * place and renamed; one that somebody else put there, or has changed, is refused. Call `finish()` at the end.
 */
export class ExportTree {
  readonly #directory: string
  readonly #isForced: boolean
  /** What was written before; of a run that was killed there may be two of one path. */
  readonly #before: readonly Noted[]
  readonly #now = new Map<string, string>()
  readonly #written: string[] = []
  readonly #same: string[] = []

  static async open(directory: string, isForced: boolean): Promise<ExportTree> {
    await makeDirectories(directory)
    const text = await readIfThere(join(directory, MANIFEST))
    return new ExportTree(directory, isForced, readManifest(text?.toString() ?? ''))
  }

  private constructor(directory: string, isForced: boolean, before: readonly Noted[]) {
    this.#directory = directory
    this.#isForced = isForced
    this.#before = before
  }

  /**
   * Writes one file.
   *
   * @param path with slashes, below the directory
   * @throws {ForeignFileError} if what lies there is not what was written before
   */
  async write(path: string, content: string | Uint8Array): Promise<void> {
    const digest = sha256(content)
    const found = await readIfThere(join(this.#directory, path))
    this.#now.set(path, digest)
    if (found !== undefined && sha256(found) === digest) {
      this.#same.push(path)
      return
    }
    if (found !== undefined) this.#refuseForeign(path, found)
    await this.#note() // before: a file that is written must be known even if this is killed
    await makeDirectories(dirname(join(this.#directory, path)))
    await writeFileAtomic(join(this.#directory, path), content)
    this.#written.push(path)
  }

  /** Removes what was written before and is wanted no more, unless somebody has changed it. */
  async finish(): Promise<TreeResult> {
    const removed: string[] = []
    for (const { path, digest } of this.#before) {
      if (this.#now.has(path)) continue
      const found = await readIfThere(join(this.#directory, path))
      if (found === undefined || sha256(found) !== digest) continue
      await rm(join(this.#directory, path))
      await rmdir(dirname(join(this.#directory, path))).catch(() => undefined) // not empty
      removed.push(path)
    }
    await writeFileAtomic(join(this.#directory, MANIFEST), manifestOf(this.#notedNow()))
    return { written: this.#written, same: this.#same, removed }
  }

  #refuseForeign(path: string, found: Uint8Array): void {
    if (this.#isForced) return
    const noted = this.#before.filter((one) => one.path === path)
    const place = join(this.#directory, path)
    if (noted.length === 0) throw new ForeignFileError(place, 'was not made by netroot')
    const digest = sha256(found)
    if (!noted.some((one) => one.digest === digest))
      throw new ForeignFileError(place, 'was changed by hand since it was made')
  }

  #note(): Promise<void> {
    return writeFileAtomic(join(this.#directory, MANIFEST), manifestOf([...this.#before, ...this.#notedNow()]))
  }

  #notedNow(): Noted[] {
    return [...this.#now].map(([path, digest]) => ({ path, digest }))
  }
}

/** One line of the manifest. */
interface Noted {
  readonly path: string
  /** SHA-256, in hex. */
  readonly digest: string
}

function manifestOf(files: readonly Noted[]): string {
  return files.map(({ path, digest }) => `${digest}  ${path}\n`).join('')
}

/** Whoever changed the manifest cannot lead us out of the directory. */
function readManifest(text: string): Noted[] {
  return text.split('\n').flatMap((line) => {
    const [, digest, path] = /^([0-9a-f]{64}) {2}(.+)$/.exec(line) ?? []
    return digest === undefined || path === undefined || path.split('/').includes('..') ? [] : [{ path, digest }]
  })
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
