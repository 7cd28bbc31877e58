/** Machine types of PE and ELF, by Debian's name of the architecture. */
const PE: Readonly<Record<number, string>> = {
  0x14c: 'i386',
  0x8664: 'amd64',
  0x1c2: 'armhf',
  0xaa64: 'arm64',
  0x5064: 'riscv64',
  0x6264: 'loong64',
}
const ELF: Readonly<Record<number, string>> = {
  3: 'i386',
  21: 'ppc64el',
  22: 's390x',
  40: 'armhf',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

/**
 * The architecture of a kernel or program, from its first bytes: PE (every kernel with an EFI stub), the x86 boot
 * header, arm64's header, ELF. Undefined where it cannot be told, as for a kernel that is compressed as a whole.
 */
export function archOfBinary(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head.buffer, head.byteOffset, head.byteLength)
  if (bytes.byteLength < 64) return undefined
  if (bytes.toString('latin1', 0, 4) === '\x7fELF') {
    return ELF[bytes[5] === 2 ? bytes.readUInt16BE(18) : bytes.readUInt16LE(18)]
  }
  const pe = bytes.toString('latin1', 0, 2) === 'MZ' ? bytes.readUInt32LE(0x3c) : Number.MAX_SAFE_INTEGER
  if (pe + 6 <= bytes.byteLength && bytes.toString('latin1', pe, pe + 4) === 'PE\0\0')
    return PE[bytes.readUInt16LE(pe + 4)]
  if (bytes.toString('latin1', 0x38, 0x3c) === 'ARM\x64') return 'arm64'
  if (bytes.byteLength > 0x238 && bytes.toString('latin1', 0x202, 0x206) === 'HdrS') {
    return bytes.readUInt16LE(0x236) & 1 ? 'amd64' : 'i386' // xloadflags: the kernel has a 64-bit entry
  }
  return undefined
}
