/** How a module made for a test is to be laid out; a 64-bit little-endian one for x86-64 where nothing is said. */
interface Layout {
  readonly bits?: 32 | 64
  readonly littleEndian?: boolean
}

/** For tests: the least ELF file that has a `.modinfo` section with these fields. */
export function elfModule(info: Readonly<Record<string, readonly string[]>>, layout: Layout = {}): Uint8Array {
  const { bits = 64, littleEndian = true } = layout
  const wide = bits === 64
  const fields = Object.entries(info).flatMap(([name, values]) => values.map((value) => `${name}=${value}\0`))
  const modinfo = Buffer.from(fields.join(''))
  const names = Buffer.from('\0.modinfo\0.shstrtab\0')
  const headerLength = wide ? 64 : 52
  const entryLength = wide ? 64 : 40
  const table = headerLength + modinfo.byteLength + names.byteLength
  const file = Buffer.alloc(table + 3 * entryLength)
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1])
  const data = new DataView(file.buffer, file.byteOffset)
  const word = (at: number, value: number): void =>
    wide ? data.setBigUint64(at, BigInt(value), littleEndian) : data.setUint32(at, value, littleEndian)
  const half = (at: number, value: number): void => data.setUint16(at, value, littleEndian)
  half(0x10, 1) // e_type: relocatable
  half(0x12, wide ? 62 : 3) // e_machine
  word(wide ? 0x28 : 0x20, table) // e_shoff
  half(wide ? 0x3a : 0x2e, entryLength)
  half(wide ? 0x3c : 0x30, 3) // e_shnum
  half(wide ? 0x3e : 0x32, 2) // e_shstrndx
  file.set(modinfo, headerLength)
  file.set(names, headerLength + modinfo.byteLength)
  const section = (index: number, name: number, offset: number, size: number): void => {
    const at = table + index * entryLength
    data.setUint32(at, name, littleEndian)
    word(at + (wide ? 0x18 : 0x10), offset)
    word(at + (wide ? 0x20 : 0x14), size)
  }
  section(1, 1, headerLength, modinfo.byteLength)
  section(2, 10, headerLength + modinfo.byteLength, names.byteLength)
  return file
}
