import { ByteReader } from '../wire/reader.ts'

/** Bytes of the content size field by its flag, RFC 8878 section 3.1.1.1.1.1; flag 0 means 1 in a single segment. */
const CONTENT_SIZE_BYTES = [0, 2, 4, 8] as const
const DICTIONARY_BYTES = [0, 1, 2, 4] as const
/** A block of this type is one byte, repeated. */
const RLE = 1

/**
 * Length in bytes of the frame that these bytes begin with, without decompressing it: RFC 8878 section 3.1.1.
 *
 * @throws {WireError} if they begin with none, or it is cut
 */
export function zstdFrameLength(bytes: Uint8Array): number {
  const reader = new ByteReader(bytes, 'zstd frame')
  reader.expectU32(0x28b52ffd, 'magic')
  const descriptor = reader.u8('frame header descriptor')
  const single = (descriptor & 0x20) !== 0
  const sizeFlag = descriptor >> 6
  const sizeBytes = sizeFlag === 0 && single ? 1 : (CONTENT_SIZE_BYTES[sizeFlag] ?? 0)
  reader.skip((single ? 0 : 1) + (DICTIONARY_BYTES[descriptor & 3] ?? 0) + sizeBytes, 'frame header')
  for (let last = false; !last; ) {
    const header = reader.u8('block') | (reader.u8('block') << 8) | (reader.u8('block') << 16) // little-endian
    last = (header & 1) !== 0
    reader.skip(((header >> 1) & 3) === RLE ? 1 : header >> 3, 'block content')
  }
  reader.skip((descriptor & 4) === 0 ? 0 : 4, 'checksum')
  return reader.offset
}
