import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, sep } from 'node:path'
import { type DebianPackage, type DebianRequest, fetchDebianPackages } from '../sys/debian-packages.ts'
import { run } from '../sys/run.ts'

/**
 * A package with all that it depends on, and what those depend on, sorted by name. Of alternatives the first is taken.
 *
 * @throws {Error} as `fetchDebianPackages()`
 */
export async function fetchWithDependencies(
  name: string,
  request: Omit<DebianRequest, 'packages'>,
): Promise<DebianPackage[]> {
  const known = new Map<string, DebianPackage>()
  for (let wanted = [name]; wanted.length > 0; ) {
    const fetched = await fetchDebianPackages({ ...request, packages: wanted })
    for (const [key, deb] of fetched) known.set(key, deb)
    const named = (await Promise.all([...fetched.values()].map(dependencies))).flat()
    wanted = [...new Set(named)].filter((one) => !known.has(one))
  }
  return [...known.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** `libc6 (>= 2.34), a | b` is `libc6`, `a`. */
async function dependencies(deb: DebianPackage): Promise<string[]> {
  const fields = await run('dpkg-deb', ['-f', deb.path, 'Pre-Depends', 'Depends'])
  const lists = fields.toString().matchAll(/^(?:Pre-)?Depends: (.*)$/gm)
  return [...lists].flatMap(([, list = '']) => list.split(',').flatMap((one) => /^\s*([\w.+-]+)/.exec(one)?.[1] ?? []))
}

/** Files out of several packages, unpacked in a directory that goes at the end. */
export class UnpackedPackages implements AsyncDisposable {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  /** Nothing of the packages is run, and no root privileges are needed. */
  static async of(packages: readonly DebianPackage[]): Promise<UnpackedPackages> {
    const unpacked = new UnpackedPackages(await mkdtemp(join(tmpdir(), 'netroot-packages-')))
    for (const { path } of packages) await run('dpkg-deb', ['-x', path, unpacked.#directory])
    return unpacked
  }

  /** @throws {Error} if no package has the file */
  async read(path: string): Promise<Buffer> {
    return readFile(join(this.#directory, path))
  }

  /** A library by its name, from wherever Debian keeps those of that architecture. */
  async library(name: string): Promise<Buffer | undefined> {
    const files = await readdir(this.#directory, { recursive: true })
    const path = files.find((file) => basename(file) === name && /(?:^|\/)lib(?:64|32)?\//.test(file))
    return path === undefined ? undefined : this.#inside(path)
  }

  /** A link may lead on, but not out of the packages: this is not the host's library. */
  async #inside(path: string): Promise<Buffer | undefined> {
    const root = await realpath(this.#directory)
    const target = await realpath(join(root, path))
    return target.startsWith(root + sep) ? readFile(target) : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
  }
}
