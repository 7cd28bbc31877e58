import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DebianPackage, fetchDebianPackages, readDebianFile } from '../../sys/debian-packages.ts'
import { makeDirectories, writeFileAtomic } from '../../sys/files.ts'
import { type LoaderSource, loaderSource } from './catalog.ts'

/** A loader that is sent to firmware. */
export interface LoaderFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  /** SHA-256, in hex. */
  readonly digest: string
}

/** Pinned, so that a machine's first step does not depend on how old the server's distribution is. */
const SUITE = 'trixie'

/**
 * The loaders, by the name under which they are served: out of Debian packages of a pinned suite, each fetched once,
 * when it is first needed, and kept below `cacheDir`.
 */
export class Loaders {
  readonly #cacheDir: string
  readonly #given: ReadonlyMap<string, string>
  readonly #files = new Map<string, Promise<LoaderFile>>()

  /** @param given files to serve instead of Debian's, by the name under which they are served */
  constructor(cacheDir: string, given: ReadonlyMap<string, string> = new Map()) {
    this.#cacheDir = cacheDir
    this.#given = given
  }

  /**
   * The loader of that name; undefined where none is known.
   *
   * @throws {Error} if its package is not in the cache and cannot be fetched, or a given file cannot be read
   */
  async get(name: string, signal?: AbortSignal): Promise<LoaderFile | undefined> {
    const given = this.#given.get(name)
    if (given !== undefined) return describeFile(given) // read each time: whoever names a file may replace it
    const source = loaderSource(name)
    if (source === undefined) return undefined
    const known = this.#files.get(name) ?? this.#ensure(source, signal)
    this.#files.set(name, known)
    known.catch(() => this.#files.delete(name)) // asked again, it is tried again
    return known
  }

  async #ensure(source: LoaderSource, signal: AbortSignal | undefined): Promise<LoaderFile> {
    const deb = await this.#packageOf(source, signal)
    const directory = join(this.#cacheDir, 'loaders', deb.digest.slice(0, 16))
    await makeDirectories(directory)
    return ensureFile(join(directory, source.name), deb, source.member)
  }

  async #packageOf(
    { package: name, architecture, component }: LoaderSource,
    signal?: AbortSignal,
  ): Promise<DebianPackage> {
    const packages = await fetchDebianPackages({
      packages: [name],
      suite: SUITE,
      architecture,
      ...(component === undefined ? {} : { component }),
      cacheDir: join(this.#cacheDir, 'debian'),
      ...(signal === undefined ? {} : { signal }),
    })
    const deb = packages.get(name)
    if (deb === undefined) throw new Error(`Cannot find the package ${name} of Debian ${SUITE}`)
    return deb
  }
}

/** The digest of each file stands beside it; a file that is another than it says is taken out of the package anew. */
async function ensureFile(path: string, deb: DebianPackage, member: string): Promise<LoaderFile> {
  const content = await readFile(path).catch(() => undefined)
  const noted = await readFile(`${path}.sha256`, 'utf8').catch(() => '')
  if (content !== undefined && sha256(content) === noted) return { path, size: content.byteLength, digest: noted }
  const fresh = await readDebianFile(deb, member)
  const digest = sha256(fresh)
  await writeFileAtomic(path, fresh)
  await writeFileAtomic(`${path}.sha256`, digest)
  return { path, size: fresh.byteLength, digest }
}

async function describeFile(path: string): Promise<LoaderFile> {
  const content = await readFile(path)
  return { path, size: content.byteLength, digest: sha256(content) }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
