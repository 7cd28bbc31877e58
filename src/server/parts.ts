import { basename, join } from 'node:path'
import { kernelCompression } from '../initramfs/compress.ts'
import type { DriversReport } from '../initramfs/drivers.ts'
import type { Part } from '../initramfs/part.ts'
import { ensureDrivers, ensureTools, type ToolsReport } from '../initramfs/parts.ts'
import type { ChosenRelease, Releases } from './releases.ts'

/** The parts of an initramfs that do not depend on the machine. */
export interface ReleaseParts {
  readonly tools: Part<ToolsReport>
  readonly drivers: Part<DriversReport>
}

/** Makes the parts of each kernel once, however many machines ask at the same time. */
export class Parts {
  /** Where the files lie, by the names that `fileOf` gives. */
  readonly directory: string
  readonly #cacheDirectory: string
  readonly #releases: Releases
  readonly #made = new Map<string, Promise<ReleaseParts>>()

  constructor(storeDirectory: string, releases: Releases) {
    this.#cacheDirectory = join(storeDirectory, 'cache')
    this.directory = join(this.#cacheDirectory, 'initramfs')
    this.#releases = releases
  }

  /** @throws {Error} if a part can neither be found nor made; the next call tries again */
  async ensure(chosen: ChosenRelease): Promise<ReleaseParts> {
    const key = `${chosen.digest} ${chosen.kernel.version}`
    const parts = this.#made.get(key) ?? this.#make(chosen)
    this.#made.set(key, parts)
    parts.catch(() => this.#made.delete(key))
    return parts
  }

  async #make({ digest, kernel }: ChosenRelease): Promise<ReleaseParts> {
    const { tree } = await this.#releases.get(digest)
    const drivers = await ensureDrivers(this.#cacheDirectory, tree, digest, kernel.version)
    const compression = await kernelCompression(tree, kernel.version)
    const { architecture } = drivers.report
    const tools = await ensureTools(this.#cacheDirectory, { architecture, compression })
    return { tools, drivers }
  }
}

/** The name of a part's file, which begins with its digest. */
export function fileOf(part: Part<unknown>): string {
  return basename(part.path)
}
