import { WireError } from '../wire/error.ts'
import { elfSection, elfShape } from './elf.ts'

/** What a program or library says to the dynamic loader. */
export interface ElfDynamic {
  /** The loader it asks for, such as `/lib64/ld-linux-x86-64.so.2`; undefined for a library and a static program. */
  readonly interpreter: string | undefined
  /** Names of the libraries it needs, such as `libc.so.6`, in its order. */
  readonly needed: readonly string[]
}

/** Tag of an entry that names a library, of which the value is a place in the string table: System V ABI, "Dynamic Section". */
const DT_NEEDED = 1

/**
 * Reads what an ELF file needs to be run: its sections `.interp`, `.dynamic` and `.dynstr`.
 *
 * @throws {WireError} if it is no ELF file, or cut
 */
export function elfDynamic(bytes: Uint8Array): ElfDynamic {
  const interpreter = elfSection(bytes, '.interp')
  const dynamic = elfSection(bytes, '.dynamic') ?? new Uint8Array(0)
  const strings = elfSection(bytes, '.dynstr') ?? new Uint8Array(0)
  return {
    interpreter: interpreter === undefined ? undefined : textAt(interpreter, 0),
    needed: neededOffsets(bytes, dynamic).map((offset) => textAt(strings, offset)),
  }
}

/**
 *     | tag | value |      each 8 bytes in ELF-64, 4 in ELF-32
 */
function neededOffsets(bytes: Uint8Array, dynamic: Uint8Array): number[] {
  const { bits, littleEndian } = elfShape(bytes)
  const data = new DataView(dynamic.buffer, dynamic.byteOffset, dynamic.byteLength)
  const size = bits / 8
  const word = (at: number): number =>
    bits === 64 ? Number(data.getBigUint64(at, littleEndian)) : data.getUint32(at, littleEndian)
  const offsets: number[] = []
  for (let at = 0; at + 2 * size <= dynamic.byteLength; at += 2 * size)
    if (word(at) === DT_NEEDED) offsets.push(word(at + size))
  return offsets
}

function textAt(strings: Uint8Array, offset: number): string {
  const end = strings.indexOf(0, offset)
  if (offset >= strings.byteLength || end < 0)
    throw new WireError('ELF file', offset, `no string ends behind place ${offset} of its table`)
  return Buffer.from(strings.subarray(offset, end)).toString('latin1')
}
