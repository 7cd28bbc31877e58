import { WireError } from '../wire/error.ts'
import { ByteReader } from '../wire/reader.ts'

/** Begins a legacy frame, "LZ4 Frame Format" 1.6.4 section "Legacy frame": the only kind that the kernel unpacks. */
const LEGACY_MAGIC = 0x184c2102
const BLOCK = 8 * 2 ** 20
/** Bytes that a block takes when nothing in it compresses. */
const LARGEST_COMPRESSED = BLOCK + Math.ceil(BLOCK / 255) + 16

/**
 * Decompresses a legacy frame, as `lz4 -l` writes it.
 *
 * @returns the content, and the length in bytes of the frame: what follows is something else
 * @throws {WireError} if it is none, cut or damaged
 */
export function lz4LegacyFrame(bytes: Uint8Array): { content: Buffer; length: number } {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.byteLength < 4 || words.getUint32(0, true) !== LEGACY_MAGIC)
    throw new WireError('lz4 frame', 0, 'it does not begin with 02 21 4c 18')
  const blocks: Uint8Array[] = []
  let at = 4
  while (at + 4 <= bytes.byteLength) {
    const size = words.getUint32(at, true)
    if (size !== LEGACY_MAGIC && (size === 0 || size > LARGEST_COMPRESSED)) break
    if (size !== LEGACY_MAGIC) blocks.push(blockAt(bytes, at + 4, size))
    at += size === LEGACY_MAGIC ? 4 : 4 + size // a frame may follow another at once
  }
  return { content: Buffer.concat(blocks), length: at }
}

function blockAt(bytes: Uint8Array, at: number, size: number): Uint8Array {
  if (at + size > bytes.byteLength) throw new WireError('lz4 frame', at, `its block of ${size} bytes is cut`)
  return lz4Block(bytes.subarray(at, at + size))
}

/** "LZ4 Block Format": literals, then a copy of what came before, again and again; it ends with literals. */
function lz4Block(block: Uint8Array): Uint8Array {
  const reader = new ByteReader(block, 'lz4 block')
  const output = Buffer.allocUnsafe(BLOCK)
  let length = 0
  while (reader.remaining > 0) {
    const token = reader.u8('token')
    const literals = reader.bytes(lengthOf(token >> 4, reader), 'literals')
    if (length + literals.byteLength > BLOCK) throw reader.fail('it holds more than 8 MiB')
    output.set(literals, length)
    length += literals.byteLength
    if (reader.remaining === 0) break
    const distance = reader.u8('offset') | (reader.u8('offset') << 8)
    const count = lengthOf(token & 15, reader) + 4
    if (distance === 0 || distance > length || length + count > BLOCK)
      throw reader.fail(`it copies ${count} bytes from ${distance} bytes before byte ${length}`)
    for (const end = length + count; length < end; length++) output[length] = output[length - distance] ?? 0
  }
  return output.subarray(0, length)
}

/** Fifteen says that bytes follow which are added, the last of them less than 255. */
function lengthOf(nibble: number, reader: ByteReader): number {
  let length = nibble
  for (let more = nibble === 15 ? 255 : 0; more === 255; length += more) more = reader.u8('length')
  return length
}
