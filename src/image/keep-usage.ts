import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What a machine has changed. */
export interface KeepUsage {
  /** What it takes on the disk; a file of several names counts once. */
  readonly bytes: number
  /** Paths without a leading slash, in order, that were made or changed; directories too. */
  readonly present: readonly string[]
  /** Paths of the release that were deleted. */
  readonly deleted: readonly string[]
}

/** Looks through a machine's directory; takes as long as that is large. */
export async function usageOf(directory: string): Promise<KeepUsage> {
  const seen = new Set<bigint>()
  const [present, deleted]: [string[], string[]] = [[], []]
  let bytes = 0n
  const walk = async (path: string): Promise<void> => {
    for (const name of (await readdir(join(directory, 'upper', path)).catch(ignoreMissing)).sort()) {
      const below = path === '' ? name : `${path}/${name}`
      const stats = await lstat(join(directory, 'upper', below), { bigint: true })
      if (!seen.has(stats.ino)) bytes += stats.blocks * 512n
      seen.add(stats.ino)
      if (stats.isCharacterDevice() && stats.rdev === 0n) deleted.push(below)
      else present.push(below)
      if (stats.isDirectory()) await walk(below)
    }
  }
  await walk('')
  return { bytes: Number(bytes), present, deleted }
}

function ignoreMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
