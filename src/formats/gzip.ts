import { crc32, inflateRawSync } from 'node:zlib'
import { WireError } from '../wire/error.ts'
import { ByteReader } from '../wire/reader.ts'

const FLAG = { headerChecksum: 2, extra: 4, name: 8, comment: 16 } as const
const TRAILER_LENGTH = 8

/**
 * Decompresses the one member that these bytes begin with, RFC 1952 section 2.3; Node's own `gunzip` takes whatever
 * follows for another.
 *
 * @returns the content, and the length in bytes of the member
 * @throws {WireError} if it is none, cut or damaged
 */
export function gzipMember(bytes: Uint8Array): { content: Buffer; length: number } {
  const reader = new ByteReader(bytes, 'gzip member')
  reader.expectU16(0x1f8b, 'magic')
  reader.skip(1, 'compression method')
  const flags = reader.u8('flags')
  reader.skip(6, 'time, extra flags, system')
  if ((flags & FLAG.extra) !== 0) reader.skip(reader.u8('extra') | (reader.u8('extra') << 8), 'extra')
  if ((flags & FLAG.name) !== 0) reader.cstring('name')
  if ((flags & FLAG.comment) !== 0) reader.cstring('comment')
  if ((flags & FLAG.headerChecksum) !== 0) reader.skip(2, 'checksum of the header')
  const { content, length } = inflate(bytes, reader.offset)
  const trailer = new ByteReader(bytes.subarray(reader.offset + length), 'gzip member')
  const stored = Buffer.from(trailer.bytes(TRAILER_LENGTH, 'checksum and size')).readUInt32LE(0)
  if (stored !== crc32(content)) throw reader.fail(`its checksum is wrong`, reader.offset + length)
  return { content, length: reader.offset + length + TRAILER_LENGTH }
}

/** The deflate stream from an offset on, and its length: it says itself where it ends. */
function inflate(bytes: Uint8Array, offset: number): { content: Buffer; length: number } {
  try {
    const inflated: unknown = inflateRawSync(bytes.subarray(offset), { info: true })
    const { buffer, engine } = inflated as { buffer: Buffer; engine: { bytesWritten: number } }
    return { content: buffer, length: engine.bytesWritten }
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause)
    throw new WireError('gzip member', offset, problem, { cause })
  }
}
