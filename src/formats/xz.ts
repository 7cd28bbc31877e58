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
  if (end < FOOTER_LENGTH || data.getUint16(file.byteLength - 2) !== 0x595a)
    throw new WireError('xz file', file.byteLength, 'it does not end with the footer "YZ"; it may be cut')
  const index = new IndexReader(file, end - (data.getUint32(end + 4, true) + 1) * 4)
  if (index.byte() !== 0) throw new WireError('xz file', end, 'its footer leads to no index')
  let size = 0
  for (let records = index.number(); records > 0; records--) {
    index.number() // how long the block is in the file
    size += index.number()
  }
  return size
}

class IndexReader {
  readonly #file: Uint8Array
  #at: number

  constructor(file: Uint8Array, at: number) {
    this.#file = file
    this.#at = at
  }
  byte(): number {
    const value = this.#file[this.#at]
    if (value === undefined) throw new WireError('xz file', this.#at, 'its index leaves the file')
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
    throw new WireError('xz file', this.#at, 'a number of its index is longer than 7 bytes')
  }
}
