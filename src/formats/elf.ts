import { WireError } from '../wire/error.ts'

/** What the first bytes of an ELF file say of the rest. */
export interface ElfShape {
  readonly bits: 32 | 64
  readonly littleEndian: boolean
}

interface Section {
  readonly name: number
  readonly offset: number
  readonly size: number
}

/** Where the fields of the file header and of a section header stand: ELF-64 and ELF-32 object file formats. */
const LAYOUT = {
  64: { sectionOffset: 0x28, entrySize: 0x3a, count: 0x3c, names: 0x3e, offset: 0x18, size: 0x20, word: 8 },
  32: { sectionOffset: 0x20, entrySize: 0x2e, count: 0x30, names: 0x32, offset: 0x10, size: 0x14, word: 4 },
} as const

/** @throws {WireError} if it is no ELF file */
export function elfShape(bytes: Uint8Array): ElfShape {
  if (bytes.byteLength < 52 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46)
    throw new WireError('ELF file', 0, 'it does not begin with 7f 45 4c 46 and a header')
  const bits = bytes[4] === 1 ? 32 : 64
  const order = bytes[5]
  if (bytes[4] !== 1 && bytes[4] !== 2) throw new WireError('ELF file', 4, `class is ${bytes[4]}, want 1 or 2`)
  if (order !== 1 && order !== 2) throw new WireError('ELF file', 5, `byte order is ${order}, want 1 or 2`)
  return { bits, littleEndian: order === 1 }
}

/**
 * The content of a section, a view of the file; undefined where it has none of that name.
 *
 * @throws {WireError} if it is no ELF file, or cut
 */
export function elfSection(bytes: Uint8Array, name: string): Uint8Array | undefined {
  const { bits, littleEndian } = elfShape(bytes)
  try {
    const { sections, namesIndex } = sectionHeaders(view(bytes), bits, littleEndian)
    const names = sections[namesIndex]
    const wanted = sections.find(
      (section) => names !== undefined && nameAt(bytes, names.offset + section.name) === name,
    )
    if (wanted === undefined) return undefined
    if (wanted.offset + wanted.size > bytes.byteLength) throw new RangeError(`section ${name} ends behind the file`)
    return bytes.subarray(wanted.offset, wanted.offset + wanted.size)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    throw new WireError('ELF file', bytes.byteLength, `it is cut: ${cause.message}`, { cause })
  }
}

function sectionHeaders(data: DataView, bits: 32 | 64, little: boolean): { sections: Section[]; namesIndex: number } {
  const at = LAYOUT[bits]
  const word = (offset: number): number =>
    at.word === 8 ? Number(data.getBigUint64(offset, little)) : data.getUint32(offset, little)
  const start = word(at.sectionOffset)
  const [entrySize, count] = [data.getUint16(at.entrySize, little), data.getUint16(at.count, little)]
  const sections = Array.from({ length: count }, (_, index) => {
    const header = start + index * entrySize
    return { name: data.getUint32(header, little), offset: word(header + at.offset), size: word(header + at.size) }
  })
  return { sections, namesIndex: data.getUint16(at.names, little) }
}

function nameAt(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset)
  return Buffer.from(bytes.subarray(offset, end < 0 ? undefined : end)).toString('latin1')
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
