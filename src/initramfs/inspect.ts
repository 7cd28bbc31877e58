import { type Compression, detectCompression } from '../formats/compression.ts'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { readCpio } from '../formats/cpio/read.ts'
import { unpackSegment } from './segment.ts'

/** One of the archives that an initramfs file is made of. */
export interface Segment {
  readonly compression: Compression
  /** Where it begins in the file. */
  readonly offset: number
  /** Bytes in the file. */
  readonly size: number
  readonly unpackedSize: number
  readonly entries: readonly CpioEntry[]
}

/**
 * Takes an initramfs apart as the kernel does: archives one after the other, each compressed on its own or not, with
 * zeros between them.
 *
 * @throws {Error} if something in it is no cpio archive, naming the offset
 */
export async function inspectInitramfs(file: Uint8Array): Promise<Segment[]> {
  const segments: Segment[] = []
  for (let offset = skipZeros(file, 0); offset < file.byteLength; ) {
    const segment = await readSegment(file, offset)
    segments.push(segment)
    offset = skipZeros(file, offset + segment.size)
  }
  if (segments.length === 0) throw new Error('Cannot read the initramfs: it is empty')
  return segments
}

async function readSegment(file: Uint8Array, offset: number): Promise<Segment> {
  const rest = file.subarray(offset)
  const compression = detectCompression(rest)
  try {
    if (compression === 'none') {
      const { entries, end } = readCpio(rest)
      return { compression, offset, size: end, unpackedSize: end, entries }
    }
    const { size, archive } = await unpackSegment(rest, compression)
    return { compression, offset, size, unpackedSize: archive.byteLength, entries: archivesIn(archive) }
  } catch (cause) {
    throw new Error(`Cannot read the archive that begins at byte ${offset}`, { cause })
  }
}

function archivesIn(bytes: Uint8Array): CpioEntry[] {
  const entries: CpioEntry[] = []
  for (let offset = 0; offset < bytes.byteLength; ) {
    const archive = readCpio(bytes.subarray(offset))
    entries.push(...archive.entries)
    offset = skipZeros(bytes, offset + archive.end)
  }
  return entries
}

function skipZeros(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0) at++
  return at
}
