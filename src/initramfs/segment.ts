import { type Compression, decompress } from '../formats/compression.ts'
import { gzipMember } from '../formats/gzip.ts'
import { lz4LegacyFrame } from '../formats/lz4.ts'
import { xzStreamLength } from '../formats/xz.ts'
import { zstdFrameLength } from '../formats/zstd.ts'
import { CommandError, run } from '../sys/run.ts'

/** What a compressed piece of an initramfs holds, and its length in the file. */
interface Unpacked {
  readonly size: number
  readonly archive: Uint8Array
}

/** Programs for what Node does not read, and the package that each is in. */
const PROGRAMS = {
  xz: { command: ['xz', '--decompress', '--stdout'], package: 'xz-utils' },
  // Where it ends is known to the program alone: it is taken to be the last, whatever padding follows.
  lzma: { command: ['xz', '--format=lzma', '--single-stream', '--decompress', '--stdout'], package: 'xz-utils' },
  bzip2: { command: ['bzip2', '--decompress', '--stdout'], package: 'bzip2' },
  lzo: { command: ['lzop', '--decompress', '--stdout'], package: 'lzop' },
} as const

/**
 * Decompresses what these bytes begin with. Of bzip2, lzma and lzo nothing says where they end, so they are taken to
 * be the last piece of a file.
 *
 * @throws {WireError} if it is damaged
 * @throws {Error} if a program is needed and missing, or refuses it
 */
export async function unpackSegment(bytes: Uint8Array, compression: Compression): Promise<Unpacked> {
  if (compression === 'gzip' || compression === 'lz4') {
    const { content, length } = compression === 'gzip' ? gzipMember(bytes) : lz4LegacyFrame(bytes)
    return { size: length, archive: content }
  }
  if (compression === 'zstd' || compression === 'none') {
    const size = compression === 'zstd' ? zstdFrameLength(bytes) : bytes.byteLength
    return { size, archive: await decompress(bytes.subarray(0, size)) }
  }
  const size = compression === 'xz' ? xzStreamLength(bytes) : bytes.byteLength
  return { size, archive: await runProgram(compression, bytes.subarray(0, size)) }
}

async function runProgram(compression: keyof typeof PROGRAMS, bytes: Uint8Array): Promise<Uint8Array> {
  const { command, package: name } = PROGRAMS[compression]
  const [program, ...args] = command
  try {
    return await run(program, args, { input: bytes })
  } catch (cause) {
    if (!(cause instanceof CommandError) || cause.status !== undefined) throw cause
    throw new Error(`It is compressed with ${compression}, and ${program} is missing here; install ${name}`, { cause })
  }
}
