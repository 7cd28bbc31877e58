interface Layout {
  readonly bits?: 32 | 64
  readonly littleEndian?: boolean
}

/** For tests: the least program or library that says this to the dynamic loader; 64-bit little-endian if nothing is said. */
export function elfProgram(
  { interpreter, needed = [] }: { readonly interpreter?: string; readonly needed?: readonly string[] },
  { bits = 64, littleEndian = true }: Layout = {},
): Uint8Array {
  const strings = Buffer.from(`\0${needed.map((name) => `${name}\0`).join('')}`)
  const place = (index: number): number => 1 + needed.slice(0, index).reduce((sum, name) => sum + name.length + 1, 0)
  const size = bits / 8
  const tags = needed.map((_, index) => [1, place(index)] as const) // DT_NEEDED
  const dynamic = Buffer.alloc((tags.length + 1) * 2 * size) // the last is DT_NULL
  const word = (buffer: Buffer, at: number, value: number): void => {
    const data = new DataView(buffer.buffer, buffer.byteOffset)
    if (bits === 64) data.setBigUint64(at, BigInt(value), littleEndian)
    else data.setUint32(at, value, littleEndian)
  }
  tags.flat().forEach((value, index) => word(dynamic, index * size, value))
  const sections: [string, Buffer][] = [
    ['.dynstr', strings],
    ['.dynamic', dynamic],
  ]
  if (interpreter !== undefined) sections.push(['.interp', Buffer.from(`${interpreter}\0`)])
  return elfFile(sections, word, { bits, littleEndian })
}

/** File header, contents, section headers: the first is empty, the last holds the names. */
function elfFile(
  given: readonly (readonly [string, Buffer])[],
  word: (buffer: Buffer, at: number, value: number) => void,
  { bits, littleEndian }: Required<Layout>,
): Uint8Array {
  const wide = bits === 64
  const names = Buffer.from(`\0${[...given.map(([name]) => name), '.shstrtab'].join('\0')}\0`)
  const sections = [...given, ['.shstrtab', names] as const]
  const header = Buffer.alloc(wide ? 64 : 52)
  const entrySize = wide ? 64 : 40
  const table = Buffer.alloc((sections.length + 1) * entrySize)
  const data = new DataView(header.buffer, header.byteOffset)
  const tableData = new DataView(table.buffer, table.byteOffset)
  let end = header.byteLength
  sections.forEach(([name, content], index) => {
    const at = (index + 1) * entrySize
    tableData.setUint32(at, names.indexOf(`\0${name}\0`) + 1, littleEndian)
    word(table, at + (wide ? 0x18 : 0x10), end)
    word(table, at + (wide ? 0x20 : 0x14), content.byteLength)
    end += content.byteLength
  })
  header.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, littleEndian ? 1 : 2, 1])
  word(header, wide ? 0x28 : 0x20, end) // e_shoff
  data.setUint16(wide ? 0x3a : 0x2e, entrySize, littleEndian)
  data.setUint16(wide ? 0x3c : 0x30, sections.length + 1, littleEndian)
  data.setUint16(wide ? 0x3e : 0x32, sections.length, littleEndian)
  return Buffer.concat([header, ...sections.map(([, content]) => content), table])
}
