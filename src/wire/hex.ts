/**
 * Bytes of a hexadecimal string.
 *
 * @throws {TypeError} if it has an odd length or a character that is not a hexadecimal digit
 */
export function hex(digits: string): Uint8Array {
  const compact = digits.replace(/\s+/g, '')
  if (compact.length % 2 !== 0 || /[^0-9a-f]/i.test(compact)) throw new TypeError(`Cannot read hex "${digits}"`)
  return Uint8Array.from(Buffer.from(compact, 'hex'))
}

/** Lower-case hexadecimal digits of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}
