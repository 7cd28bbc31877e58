/**
 * File names on Linux are bytes, not text. A `ByteString` is a JavaScript string whose every character is one byte
 * (0–255), so that any name survives, compares and serves as a key.
 */
export type ByteString = string

/** The byte string of a text, encoded as UTF-8. */
export function byteStringOf(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** The byte string of raw bytes. */
export function byteStringFrom(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** The bytes of a byte string. */
export function bytesOf(value: ByteString): Uint8Array {
  return Buffer.from(value, 'latin1')
}

/** For people to read: UTF-8 where the bytes are UTF-8, else with a replacement character. */
export function textOf(value: ByteString): string {
  return Buffer.from(value, 'latin1').toString('utf8')
}
