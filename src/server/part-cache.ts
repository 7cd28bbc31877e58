import { readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReleaseStore } from '../image/store.ts'

/** What a file of the cache is, for those who tidy it up. */
interface CachedPart {
  readonly file: string
  readonly bytes: number
  /** Milliseconds since 1970. */
  readonly usedAt: number
  /** The release it is made of; undefined where nobody wrote that down, or it serves all. */
  readonly release: string | undefined
}

/** What was removed. */
export interface Collected {
  readonly files: number
  readonly bytes: number
}

/** A machine that was told to fetch a part does so within minutes, one that tries again and again within the hour. */
const IN_USE_MS = 3_600_000
/** Uses are written down so often only. */
const TOUCH_EVERY_MS = 60_000

/**
 * The parts in a store's cache and who uses them. Beside each lies `FILE.used`: its time is that of the last use, what
 * it holds is the release that the part is made of, so that both go together.
 */
export class PartCache {
  readonly #directory: string
  readonly #touched = new Map<string, number>()

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Notes that a part is used now. A cache that cannot be written is no reason not to boot. */
  async use(file: string, release: string | undefined, now = Date.now()): Promise<void> {
    if (now - (this.#touched.get(file) ?? -Infinity) < TOUCH_EVERY_MS) return
    this.#touched.set(file, now)
    const path = join(this.#directory, `${file}.used`)
    try {
      await writeFile(path, release ?? '')
      await utimes(path, now / 1000, now / 1000)
    } catch {
      this.#touched.delete(file)
    }
  }

  /**
   * Removes parts of releases that are gone, which nobody can boot any more, then those not used for longest until the
   * rest fits; of these never one that a machine may be fetching now.
   *
   * @param releases digests of those that are there
   * @param mostBytes that all parts may take
   */
  async collect(releases: ReadonlySet<string>, mostBytes: number, now = Date.now()): Promise<Collected> {
    const parts = (await this.#parts()).toSorted((a, b) => a.usedAt - b.usedAt)
    let bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
    const gone: CachedPart[] = []
    for (const part of parts) {
      const isOrphan = part.release !== undefined && !releases.has(part.release)
      if (!isOrphan && (bytes <= mostBytes || now - part.usedAt < IN_USE_MS)) continue
      bytes -= part.bytes
      gone.push(part)
    }
    if (gone.length > 0) await this.#remove(gone)
    return { files: gone.length, bytes: gone.reduce((sum, part) => sum + part.bytes, 0) }
  }

  async #parts(): Promise<CachedPart[]> {
    const names = await readdir(this.#directory).catch(() => [])
    const files = names.filter((name) => /^[0-9a-f]{64}\.cpio\.\w+$/.test(name))
    const parts = await Promise.all(files.map((file) => this.#part(file)))
    return parts.flatMap((part) => part ?? [])
  }

  async #part(file: string): Promise<CachedPart | undefined> {
    const path = join(this.#directory, file)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined) return undefined
    const used = await stat(`${path}.used`).catch(() => undefined)
    const release = (await readFile(`${path}.used`, 'utf8').catch(() => '')).trim()
    return {
      file,
      bytes: found.size,
      usedAt: Math.max(found.mtimeMs, used?.mtimeMs ?? 0),
      release: /^[0-9a-f]{64}$/.test(release) ? release : undefined,
    }
  }

  /** The notes that name these files first: nobody finds a part that is half gone. */
  async #remove(parts: readonly CachedPart[]): Promise<void> {
    const files = new Set(parts.map(({ file }) => file))
    for (const name of await readdir(this.#directory)) {
      if (!name.endsWith('.json')) continue
      const path = join(this.#directory, name)
      const note = await readFile(path, 'utf8').catch(() => '')
      const named = /"file":\s*"([^"]+)"/.exec(note)?.[1]
      if (named !== undefined && files.has(named)) await rm(path, { force: true })
    }
    for (const file of files) {
      this.#touched.delete(file)
      await rm(join(this.#directory, file), { force: true })
      await rm(join(this.#directory, `${file}.used`), { force: true })
    }
  }
}

/**
 * Tidies up the parts of a store, when a release was removed or a server starts. What cannot be removed stays.
 *
 * @param mostBytes that they may take; without it only those of releases that are gone are removed
 */
export async function collectParts(store: ReleaseStore, mostBytes = Number.POSITIVE_INFINITY): Promise<Collected> {
  const present = new Set((await store.releases()).map(({ digest }) => digest))
  const cache = new PartCache(join(store.directory, 'cache', 'initramfs'))
  return cache.collect(present, mostBytes).catch(() => ({ files: 0, bytes: 0 }))
}
