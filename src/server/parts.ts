import { basename, join } from 'node:path'
import { kernelCompression } from '../initramfs/compress.ts'
import type { DriversReport, DriversRequest } from '../initramfs/drivers.ts'
import type { Part } from '../initramfs/part.ts'
import type { MicrocodeReport } from '../initramfs/microcode.ts'
import { ensureDrivers, ensureMicrocode, ensureTools, type ToolsReport } from '../initramfs/parts.ts'
import { ensureSsh, type SshReport } from '../initramfs/ssh.ts'
import { PartCache } from './part-cache.ts'
import type { ChosenRelease, Releases } from './releases.ts'

/** The parts of an initramfs that do not depend on the machine. */
export interface ReleaseParts {
  readonly tools: Part<ToolsReport>
  readonly drivers: Part<DriversReport>
}

/** What is remembered of parts that were asked for; each is one kind of hardware with one kernel. */
const MOST_REMEMBERED = 1000

/** Makes each part once, however many machines ask at the same time. */
export class Parts {
  /** Where the files lie, by the names that `fileOf` gives. */
  readonly directory: string
  readonly #cache: PartCache
  readonly #cacheDirectory: string
  readonly #releases: Releases
  readonly #made = new Map<string, Promise<Part<unknown>>>()
  /** By release. */
  readonly #microcode = new Map<string, Promise<Part<MicrocodeReport> | undefined>>()

  constructor(storeDirectory: string, releases: Releases) {
    this.#cacheDirectory = join(storeDirectory, 'cache')
    this.directory = join(this.#cacheDirectory, 'initramfs')
    this.#cache = new PartCache(this.directory)
    this.#releases = releases
  }

  /**
   * What boots every machine.
   *
   * @param modules names of further ones
   * @throws {Error} if a part can neither be found nor made; the next call tries again
   */
  async ensure(chosen: ChosenRelease, modules: readonly string[] = []): Promise<ReleaseParts> {
    const drivers = await this.drivers(chosen, { scope: { kind: 'generic' }, modules })
    const tools = this.#once(['tools', chosen.digest, chosen.kernel.version], undefined, async () =>
      ensureTools(this.#cacheDirectory, await this.#platform(chosen, drivers.report)),
    )
    return { tools: await tools, drivers }
  }

  /**
   * A drivers part of any scope.
   *
   * @throws {DeviceWithoutDriverError} if it is to fit a device that nothing of the kernel drives
   * @throws {Error} as `ensure()`
   */
  drivers({ digest, kernel }: ChosenRelease, request: DriversRequest): Promise<Part<DriversReport>> {
    return this.#once(['drivers', digest, kernel.version, request], digest, async () => {
      const { tree } = await this.#releases.get(digest)
      return ensureDrivers(this.#cacheDirectory, tree, digest, kernel.version, request)
    })
  }

  /** What a release has for its processors, undefined where that is nothing. @throws {Error} as `ensure()` */
  async microcode({ digest }: ChosenRelease): Promise<Part<MicrocodeReport> | undefined> {
    const known = this.#microcode.get(digest) ?? this.#findMicrocode(digest)
    this.#microcode.set(digest, known)
    known.catch(() => this.#microcode.delete(digest))
    const part = await known
    if (part !== undefined) await this.#cache.use(fileOf(part), digest)
    return part
  }

  /** An SSH server for an initramfs with these drivers. @throws {Error} as `ensure()` */
  ssh(chosen: ChosenRelease, drivers: DriversReport): Promise<Part<SshReport>> {
    return this.#once(['ssh', chosen.digest, chosen.kernel.version], undefined, async () =>
      ensureSsh(this.#cacheDirectory, await this.#platform(chosen, drivers)),
    )
  }

  /** A file has gone from the cache: whoever asks next has it looked for, and made where it is missing. */
  forgetAll(): void {
    this.#made.clear()
    this.#microcode.clear()
  }

  async #findMicrocode(digest: string): Promise<Part<MicrocodeReport> | undefined> {
    const { tree } = await this.#releases.get(digest)
    return ensureMicrocode(this.#cacheDirectory, tree)
  }

  async #platform({ digest, kernel }: ChosenRelease, { architecture }: DriversReport) {
    const { tree } = await this.#releases.get(digest)
    return { architecture, compression: await kernelCompression(tree, kernel.version) }
  }

  /** @param release that the part goes with; undefined for one that serves all */
  async #once<Report>(
    what: unknown,
    release: string | undefined,
    make: () => Promise<Part<Report>>,
  ): Promise<Part<Report>> {
    const key = JSON.stringify(what)
    const part = (this.#made.get(key) as Promise<Part<Report>> | undefined) ?? make()
    this.#made.delete(key) // those asked for last stand last
    this.#made.set(key, part)
    const [oldest] = this.#made.keys()
    if (this.#made.size > MOST_REMEMBERED && oldest !== undefined) this.#made.delete(oldest)
    part.catch(() => this.#made.delete(key))
    const made = await part
    await this.#cache.use(fileOf(made), release)
    return made
  }
}

/** The name of a part's file, which begins with its digest. */
export function fileOf(part: Part<unknown>): string {
  return basename(part.path)
}
