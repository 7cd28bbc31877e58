import { availableParallelism } from 'node:os'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { decompress, detectCompression } from '../formats/compression.ts'
import { xzContentSize } from '../formats/xz.ts'
import { run } from '../sys/run.ts'

/**
 * The modules as the kernel sees them: gzip, zstd and xz taken off. Results stand in the order of the files.
 *
 * @throws {Error} if one is damaged, or the program `xz` is needed and missing
 */
export async function decompressModules(files: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const xz = files.filter((file) => detectCompression(file) === 'xz')
  const decoded = new Map(pairs(xz, await decompressXz(xz)))
  return Promise.all(files.map(async (file) => decoded.get(file) ?? decompress(file)))
}

/** A module as it stands in the initramfs. */
export interface PackedModule {
  /** Ending of its file behind `.ko`, such as `.xz`. */
  readonly ending: string
  readonly content: Uint8Array
}

/**
 * Modules lie in RAM until the real system runs, and few of them are loaded, so they are compressed: as they are where
 * busybox modprobe can read it (measured: a module out of xz loads as fast as one out of a compressed archive), else
 * with gzip.
 *
 * @param decompressed the same module, without compression
 */
export async function packModule(file: Uint8Array, decompressed: Uint8Array): Promise<PackedModule> {
  const compression = detectCompression(file)
  if (compression === 'xz') return { ending: '.xz', content: file }
  if (compression === 'gzip') return { ending: '.gz', content: file }
  return { ending: '.gz', content: await promisify(gzip)(decompressed, { level: 6 }) }
}

/**
 * Node has no xz, and one process for each of some hundred modules would take longer than the work: `xz` decompresses
 * concatenated files in one go, and their indexes say where to cut the result. One process for each processor, and as
 * much work for each.
 */
async function decompressXz(files: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const batches = Array.from({ length: availableParallelism() }, () => ({ size: 0, at: [] as number[] }))
  const sizes = files.map(xzContentSize)
  for (const [at, size] of [...sizes.entries()].toSorted(([, a], [, b]) => b - a)) {
    const least = batches.reduce((best, batch) => (batch.size < best.size ? batch : best))
    least.size += size
    least.at.push(at)
  }
  const results: Uint8Array[] = files.map(() => NOTHING)
  const work = batches.filter(({ at }) => at.length > 0)
  await Promise.all(
    work.map(async ({ at }) => {
      const decoded = await decompressBatch(at.map((index) => files[index] ?? NOTHING))
      for (const [place, index] of at.entries()) results[index] = decoded[place] ?? NOTHING
    }),
  )
  return results
}

const NOTHING = new Uint8Array()

async function decompressBatch(files: readonly Uint8Array[]): Promise<Uint8Array[]> {
  const sizes = files.map(xzContentSize)
  const whole = await run('xz', ['--decompress', '--stdout'], { input: Buffer.concat(files) })
  const wanted = sizes.reduce((sum, size) => sum + size, 0)
  if (whole.byteLength !== wanted)
    throw new Error(`Cannot decompress modules: xz gave ${whole.byteLength} bytes, want ${wanted}`)
  let at = 0
  return sizes.map((size) => whole.subarray(at, (at += size)))
}

function pairs<A, B>(keys: readonly A[], values: readonly B[]): [A, B][] {
  return keys.flatMap((key, index) => {
    const value = values[index]
    return value === undefined ? [] : [[key, value] as [A, B]]
  })
}
