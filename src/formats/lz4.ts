import { ByteReader } from '../wire/reader.ts'

/** Begins a legacy frame, "LZ4 Frame Format" 1.6.4: the only kind that the kernel's initramfs has. */
const LEGACY_MAGIC = 0x184c2102
/** What a block may take compressed: its 8 MiB and the overhead of bytes that do not compress. */
const LARGEST_BLOCK = 8 * 2 ** 20 + 8 * 2 ** 20 / 255 + 16

/**
 * Decompresses a legacy frame, as `lz4 -l` writes it.
 *
 * @returns the content, and the length in bytes of the frame: what follows is something else
 * @throws {WireError} if it is none, cut or damaged
 */
export function lz4LegacyFrame(bytes: Uint8Array): { content: Buffer; length: number } {
  const reader = new ByteReader(bytes, 'lz4 frame')
  const blocks: Uint8Array[] = []
  while (reader.remaining >= 4) {
    const size = littleEndian32(reader.peek(4, 'size of a block'))
    if (size !== LEGACY_MAGIC && (size === 0 || size > LARGEST_BLOCK)) break
    reader.skip(4, 'size of a block')
    if (size !== LEGACY_MAGIC) blocks.push(lz4Block(reader.bytes(size, 'block')))
  }
  if (reader.offset === 0) throw reader.fail('it does not begin with 02 21 4c 18', 0)
  return { content: Buffer.concat(blocks), length: reader.offset }
}
