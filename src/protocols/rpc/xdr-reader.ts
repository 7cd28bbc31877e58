import type { ByteString } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'

const EMPTY = Buffer.alloc(0)
const UINT32 = 2 ** 32

/**
 * Reads XDR items, RFC 4506, one after the other. What it returns of bytes are views of the message. One reader serves
 * many messages, because a server makes tens of thousands of them per second.
 *
 * @throws {WireError} from every method, if the item is cut, longer than allowed, or not what XDR allows
 */
export class XdrReader {
  readonly #format: string
  #bytes: Buffer
  #offset = 0

  /** @param format what the message is, for errors */
  constructor(format: string, bytes: Uint8Array = EMPTY) {
    this.#format = format
    this.#bytes = asBuffer(bytes)
  }

  /** Begins another message. */
  reset(bytes: Uint8Array): this {
    this.#bytes = asBuffer(bytes)
    this.#offset = 0
    return this
  }
  /** Bytes read so far. */
  get offset(): number {
    return this.#offset
  }
  /** What is not yet read, as it lies there. */
  peek(): Buffer {
    return this.#bytes.subarray(this.#offset)
  }
  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.byteLength - this.#offset
  }

  /** §4.2 */
  u32(field: string): number {
    return this.#bytes.readUInt32BE(this.#take(4, field))
  }
  /** §4.5, as a number: exact up to 2^53, which no offset in a file exceeds. */
  u64(field: string): number {
    const at = this.#take(8, field)
    return this.#bytes.readUInt32BE(at) * UINT32 + this.#bytes.readUInt32BE(at + 4)
  }
  /** §4.4 */
  bool(field: string): boolean {
    const value = this.u32(field)
    if (value > 1) throw this.fail(`${field} is ${value}, want 0 or 1`)
    return value === 1
  }
  /** Opaque data of fixed length, §4.9. */
  fixed(length: number, field: string): Buffer {
    const start = this.#take(padded(length), field)
    return this.#bytes.subarray(start, start + length)
  }
  /** Opaque data of variable length, §4.10: at most `limit` bytes. */
  opaque(limit: number, field: string): Buffer {
    const length = this.u32(field)
    if (length > limit) throw this.fail(`${field} has ${length} bytes, want at most ${limit}`)
    return this.fixed(length, field)
  }
  /** A string, §4.11: at most `limit` bytes. */
  string(limit: number, field: string): ByteString {
    return this.opaque(limit, field).toString('latin1')
  }
  /** An error of this message, for the caller to throw. */
  fail(problem: string): WireError {
    return new WireError(this.#format, this.#offset, problem)
  }

  #take(length: number, field: string): number {
    const start = this.#offset
    const end = start + length
    if (end > this.#bytes.byteLength) throw this.fail(`${field} wants ${length} bytes, ${this.remaining} are left`)
    this.#offset = end
    return start
  }
}

/** The length with the fill bytes that make it a multiple of four, RFC 4506 §3. */
export function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
