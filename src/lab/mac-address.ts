import { createHash } from 'node:crypto'
import { macFromBytes, type Mac } from '../net/mac.ts'

/** The address of a machine's card, the same at every start: QEMU's prefix 52:54:00, the rest from the name. */
export function macOf(machine: string, card: number): Mac {
  const digest = createHash('sha256').update(`${machine}/${card}`).digest()
  return macFromBytes(Uint8Array.of(0x52, 0x54, 0x00, ...digest.subarray(0, 3)))
}

/** The SMBIOS UUID of a machine, the same at every start: version 8 of RFC 9562 §5.8, made from the name. */
export function uuidOf(machine: string): string {
  const bytes = createHash('sha256').update(`uuid/${machine}`).digest().subarray(0, 16)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
