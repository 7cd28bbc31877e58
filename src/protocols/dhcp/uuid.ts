import type { ByteReader } from '../../wire/reader.ts'
import type { ByteWriter } from '../../wire/writer.ts'
import { hex, toHex } from '../../wire/hex.ts'

const TYPE_UUID = 0

/**
 * Reads the UUID of option 97: a type byte, then the 16 bytes as SMBIOS has them, which means that the first three
 * groups are little-endian (RFC 4578 §2.3 points to the EFI specification). The text is that of `dmidecode`.
 *
 * @throws {WireError} if it is cut or of another type
 */
export function decodeUuid(r: ByteReader): string {
  const type = r.u8('type')
  if (type !== TYPE_UUID) throw r.fail(`type is ${type}, want 0`, 0)
  return formatUuid(swapGroups(r.bytes(16, 'UUID')))
}

/** Writes a UUID such as `8a3c6e42-0001-4000-8000-525400123456` in the same form. */
export function encodeUuid(w: ByteWriter, uuid: string): void {
  w.u8(TYPE_UUID).bytes(swapGroups(hex(uuid.replaceAll('-', ''))))
}

function formatUuid(bytes: Uint8Array): string {
  return toHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** Turns the byte order of the first three groups round: the way there is the way back. */
function swapGroups(bytes: Uint8Array): Uint8Array {
  const turned = (start: number, end: number): Uint8Array => bytes.subarray(start, end).toReversed()
  return Uint8Array.from([...turned(0, 4), ...turned(4, 6), ...turned(6, 8), ...bytes.subarray(8, 16)])
}
