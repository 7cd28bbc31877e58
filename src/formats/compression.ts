import { promisify } from 'node:util'
import { gunzip, zstdDecompress } from 'node:zlib'

export type Compression = 'none' | 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'lz4' | 'lzma' | 'lzo'

/** How the kernel recognises them too, lib/decompress.c. */
const MAGICS: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['lz4', [0x02, 0x21, 0x4c, 0x18]],
  ['lz4', [0x04, 0x22, 0x4d, 0x18]],
  ['lzma', [0x5d, 0x00, 0x00]],
  ['lzo', [0x89, 0x4c, 0x5a, 0x4f]],
]

/** What the first bytes say; `none` where they say nothing. */
export function detectCompression(bytes: Uint8Array): Compression {
  const found = MAGICS.find(([, magic]) => magic.every((value, index) => bytes[index] === value))
  return found?.[0] ?? 'none'
}

/**
 * Decompresses gzip and zstd, in the background; what is not compressed comes back as it is.
 *
 * @throws {Error} if it is damaged, or compressed in another way
 */
export async function decompress(bytes: Uint8Array): Promise<Uint8Array> {
  const compression = detectCompression(bytes)
  if (compression === 'none') return bytes
  if (compression === 'gzip') return promisify(gunzip)(bytes)
  if (compression === 'zstd') return promisify(zstdDecompress)(bytes)
  throw new Error(`Cannot decompress ${compression} here, want gzip or zstd`)
}
