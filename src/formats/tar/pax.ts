import { byteStringFrom } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'

/** One record of an extended header. The value is bytes: an xattr may hold anything, NUL and newline too. */
export interface PaxRecord {
  readonly key: string
  readonly value: Uint8Array
}

/**
 * Decodes the records of an extended header, POSIX.1-2001 pax.
 *
 *     | length in decimal, of the whole record | space | key | = | value | newline |
 *
 * @param offset of the bytes in the archive, for errors
 * @throws {WireError} if a record's length does not lead to its newline
 */
export function decodePaxRecords(bytes: Uint8Array, offset: number): PaxRecord[] {
  const records: PaxRecord[] = []
  let at = 0
  while (at < bytes.byteLength && bytes[at] !== 0) {
    const space = bytes.indexOf(0x20, at)
    const digits = byteStringFrom(bytes.subarray(at, Math.min(space < 0 ? at : space, at + 12)))
    const end = at + (/^[0-9]+$/.test(digits) ? Number(digits) : 0)
    const equals = bytes.indexOf(0x3d, space)
    if (end > bytes.byteLength || equals < 0 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw new WireError('tar', offset + at, `a PAX record is malformed, want "LENGTH KEY=VALUE" and a newline`)
    }
    const key = Buffer.from(bytes.subarray(space + 1, equals)).toString('utf8')
    records.push({ key, value: new Uint8Array(bytes.subarray(equals + 1, end - 1)) }) // a copy: the caller's buffer is used again
    at = end
  }
  return records
}

/** Encodes one record. Its length counts its own digits, so it is found by trying. */
export function encodePaxRecord({ key, value }: PaxRecord): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')])
  let length = rest.byteLength
  while (String(length).length + rest.byteLength !== length) length = String(length).length + rest.byteLength
  return Buffer.concat([Buffer.from(String(length)), rest])
}

/**
 * Extended attributes among records: `SCHILY.xattr.NAME` (star, GNU, bsdtar), `LIBARCHIVE.xattr.NAME` (base64, the
 * name percent-encoded) and `RHT.security.selinux` (GNU tar `--selinux`).
 */
export function xattrsOf(records: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const [key, value] of records) {
    if (key.startsWith('SCHILY.xattr.')) found.set(key.slice('SCHILY.xattr.'.length), value)
    else if (key.startsWith('LIBARCHIVE.xattr.')) addEncoded(found, key.slice('LIBARCHIVE.xattr.'.length), value)
    else if (key === 'RHT.security.selinux') found.set('security.selinux', value)
  }
  return found
}

function addEncoded(found: Map<string, Uint8Array>, encodedName: string, value: Uint8Array): void {
  const name = encodedName.replace(/%([0-9a-f]{2})/gi, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
  if (!found.has(name)) found.set(name, Uint8Array.from(Buffer.from(byteStringFrom(value), 'base64')))
}
