import { WireError } from './error.ts'

/**
 * Reads big-endian fields one after the other and owns the bounds: what is cut is a `WireError` that names the
 * field, the offset and what was wanted. Byte strings it returns are views, not copies.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #format: string
  #offset = 0

  constructor(bytes: Uint8Array, format: string) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#format = format
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#offset
  }
  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.byteLength - this.#offset
  }

  u8(field: string): number {
    return this.#view.getUint8(this.#take(1, field))
  }
  u16(field: string): number {
    return this.#view.getUint16(this.#take(2, field))
  }
  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field))
  }
  u64(field: string): bigint {
    return this.#view.getBigUint64(this.#take(8, field))
  }
  /** The next `length` bytes, a view of the message. */
  bytes(length: number, field: string): Uint8Array {
    const start = this.#take(length, field)
    return this.#bytes.subarray(start, start + length)
  }
  /** All that is left, a view of the message. */
  rest(): Uint8Array {
    return this.bytes(this.remaining, 'rest')
  }
  skip(length: number, field: string): void {
    this.#take(length, field)
  }
  /** A string that ends in a NUL, read as UTF-8. */
  cstring(field: string): string {
    const end = this.#bytes.indexOf(0, this.#offset)
    if (end < 0) throw this.fail(`${field} has no terminating NUL`)
    const text = new TextDecoder().decode(this.#bytes.subarray(this.#offset, end))
    this.#offset = end + 1
    return text
  }
  /** Reads a 16-bit field that must have this value. */
  expectU16(wanted: number, field: string): void {
    const found = this.u16(field)
    if (found !== wanted) throw this.fail(`${field} is ${found}, want ${wanted}`, this.#offset - 2)
  }
  /** Reads a 32-bit field that must have this value. */
  expectU32(wanted: number, field: string): void {
    const found = this.u32(field)
    if (found !== wanted) throw this.fail(`${field} is ${found}, want ${wanted}`, this.#offset - 4)
  }
  /** Says that nothing may be left. */
  end(): void {
    if (this.remaining > 0) throw this.fail(`${this.remaining} bytes follow the end, want none`)
  }
  /** An error of this message, for the caller to throw. */
  fail(problem: string, offset = this.#offset): WireError {
    return new WireError(this.#format, offset, problem)
  }

  #take(length: number, field: string): number {
    if (length > this.remaining) throw this.fail(`${field} wants ${length} bytes, ${this.remaining} are left`)
    const start = this.#offset
    this.#offset += length
    return start
  }
}
