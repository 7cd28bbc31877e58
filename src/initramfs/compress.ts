import { promisify } from 'node:util'
import { constants, gzip, zstdCompress } from 'node:zlib'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath } from '../storage/paths.ts'
import { run } from '../sys/run.ts'

/** Compressions that parts come in. Every kernel reads gzip, newer ones zstd, which unpacks three times as fast. */
export const PART_COMPRESSIONS = ['zstd', 'xz', 'gzip', 'none'] as const
export type PartCompression = (typeof PART_COMPRESSIONS)[number]

/** What the kernel of a root says that it reads, by its configuration; gzip where that is not there. */
export async function kernelCompression(tree: FileTree, version: string): Promise<PartCompression> {
  const places = [`/boot/config-${version}`, `/lib/modules/${version}/config`]
  const configs = await Promise.all(places.map((path) => readPath(tree, path)))
  const config = configs.find((text) => text !== undefined)?.toString('latin1') ?? ''
  if (/^CONFIG_RD_ZSTD=y$/m.test(config)) return 'zstd'
  return /^CONFIG_RD_XZ=y$/m.test(config) ? 'xz' : 'gzip'
}

const ENDINGS = { zstd: 'cpio.zst', xz: 'cpio.xz', gzip: 'cpio.gz', none: 'cpio' } as const

/** Ending of a part's file name. */
export function endingOf(compression: PartCompression): string {
  return ENDINGS[compression]
}

/**
 * Compresses an archive in the background. The same bytes give the same result: no name and no time is written, and
 * one thread does it (with `nbWorkers`, Node 26.10 gives an empty result at levels below 9).
 *
 * @throws {CommandError} if it is to be xz, and the program `xz` is missing
 */
export async function compressArchive(archive: Uint8Array, compression: PartCompression): Promise<Uint8Array> {
  if (compression === 'none') return archive
  if (compression === 'gzip') return promisify(gzip)(archive, { level: 9 })
  // The kernel knows no other checksum of xz than CRC32.
  if (compression === 'xz') return run('xz', ['--check=crc32', '--lzma2=dict=1MiB', '--stdout'], { input: archive })
  const params = { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_checksumFlag]: 1 }
  return promisify(zstdCompress)(archive, { params, pledgedSrcSize: archive.byteLength })
}

/** Modules are compressed already, so that higher levels gain nothing but time; of the tools they take 0.1 MiB off. */
const LEVEL = 12
