import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../sys/files.ts'
import { checkImageName, type ImageInfo } from './release.ts'

/**
 * The images of a store: a directory for each, in it an empty file `TIME-DIGEST` for each release it has had. The
 * newest is the current one, so that making a release current is one new file, and nothing has to be locked.
 */
export class ImageMarks {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  async all(): Promise<ImageInfo[]> {
    const names = await namesIn(this.#directory)
    const images = await Promise.all(names.toSorted().map((name) => this.get(name)))
    return images.filter((image) => image !== undefined)
  }

  /** Undefined where there is no image of that name. @throws {StoreError} if it cannot be a name */
  async get(name: string): Promise<ImageInfo | undefined> {
    const found = await namesIn(join(this.#directory, checkImageName(name)))
    const marks = found.map(parseMark).filter((mark) => mark !== undefined)
    const releases = marks.sort((a, b) => (a.added < b.added ? 1 : -1))
    const once = releases.filter(({ digest }, at) => releases.findIndex((other) => other.digest === digest) === at)
    return once.length === 0 ? undefined : { name, releases: once }
  }

  /** Makes a release the current one of an image. */
  async add(name: string, digest: string): Promise<void> {
    const directory = join(this.#directory, checkImageName(name))
    const current = (await this.get(name))?.releases[0]
    if (current?.digest === digest) return
    const after = current === undefined ? 0 : Date.parse(current.added) + 1 // whatever the clock says, it is the newest
    const added = new Date(Math.max(Date.now(), after)).toISOString()
    await mkdir(directory, { recursive: true })
    await writeFile(join(directory, `${added.replaceAll(':', '')}-${digest}`), '')
    await syncDirectory(directory)
  }

  /** Takes releases from an image; it goes with its last one. */
  async remove(name: string, digests: readonly string[]): Promise<void> {
    const directory = join(this.#directory, checkImageName(name))
    for (const mark of await namesIn(directory)) {
      if (digests.includes(parseMark(mark)?.digest ?? '')) await rm(join(directory, mark), { force: true })
    }
    if ((await namesIn(directory)).length === 0) await rm(directory, { recursive: true, force: true })
  }
}

/** The names in a directory; none where there is no directory. */
export async function namesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
}

/** `2026-11-21T024500.123Z-DIGEST`: colons are left out of file names. */
function parseMark(name: string): { digest: string; added: string } | undefined {
  const match = /^(\d{4}-\d\d-\d\dT)(\d\d)(\d\d)(\d\d\.\d{3}Z)-([0-9a-f]{64})$/.exec(name)
  if (match === null) return undefined
  const [, day = '', hour = '', minute = '', second = '', digest = ''] = match
  return { digest, added: `${day}${hour}:${minute}:${second}` }
}
