import { WireError } from '../wire/error.ts'

/** Index of the blocks of a stream ends with this footer: CRC32, size of the index, flags, `YZ`. */
const FOOTER_LENGTH = 12

/**
 * Length in bytes of what an .xz file holds, from its index: "The .xz File Format" 1.2, sections 2.1.2 and 4. The
 * file must be one stream without padding, as kernel modules and firmware are.
 *
 * @throws {WireError} if it is not
 */
export function xzContentSize(file: Uint8Array): number {
  const end = file.byteLength - FOOTER_LENGTH
  const data = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (end < FOOTER_LENGTH || data.getUint16(file.byteLength - 2) !== FOOTER_MAGIC)
    throw new WireError('xz file', file.byteLength, 'it does not end with the footer "YZ"; it may be cut')
  return sizesOf(new IndexReader(file, end - (data.getUint32(end + 4, true) + 1) * 4)).content
}

/**
 * Length in bytes of the stream that these bytes begin with, without decompressing it: where a footer stands whose
 * index accounts for every byte before it, sections 2.1.2, 3 and 4.
 *
 * @throws {WireError} if there is no such place
 */
export function xzStreamLength(bytes: Uint8Array): number {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = data.indexOf('YZ', FOOTER_LENGTH); at >= 0; at = data.indexOf('YZ', at + 1)) {
    const end = at + 2
    if (end % 4 === 0 && end >= 2 * FOOTER_LENGTH && isWholeStream(data.subarray(0, end))) return end
  }
  throw new WireError('xz stream', bytes.byteLength, 'it has no end; it may be cut')
}

const FOOTER_MAGIC = 0x595a
const HEADER_LENGTH = 12

function isWholeStream(stream: Buffer): boolean {
  const footer = stream.byteLength - FOOTER_LENGTH
  const indexLength = (stream.readUInt32LE(footer + 4) + 1) * 4
  const index = footer - indexLength
  if (index < HEADER_LENGTH || !stream.subarray(footer + 8, footer + 10).equals(stream.subarray(6, 8))) return false
  try {
    return sizesOf(new IndexReader(stream, index)).blocks === index - HEADER_LENGTH
  } catch {
    return false // no index
  }
}

/** Bytes of all blocks with their padding, and of what they hold. */
function sizesOf(index: IndexReader): { blocks: number; content: number } {
  if (index.byte() !== 0) throw index.fail('its footer leads to no index')
  let [blocks, content] = [0, 0]
  for (let records = index.number(); records > 0; records--) {
    blocks += Math.ceil(index.number() / 4) * 4
    content += index.number()
  }
  return { blocks, content }
}

class IndexReader {
  readonly #file: Uint8Array
  #at: number

  constructor(file: Uint8Array, at: number) {
    this.#file = file
    this.#at = at
  }
  fail(problem: string): WireError {
    return new WireError('xz file', this.#at, problem)
  }
  byte(): number {
    const value = this.#file[this.#at]
    if (value === undefined) throw this.fail('its index leaves the file')
    this.#at++
    return value
  }
  /** Seven bits a byte, lowest first, the eighth bit says that more follow: section 1.2. */
  number(): number {
    let value = 0
    for (let shift = 0; shift < 49; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw this.fail('a number of its index is longer than 7 bytes')
  }
}
