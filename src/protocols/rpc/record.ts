import { WireError } from '../../wire/error.ts'

/** Set in a fragment's header if it is the record's last, RFC 5531 §11. */
export const LAST_FRAGMENT = 0x8000_0000
const LENGTH_MASK = 0x7fff_ffff
const EMPTY = Buffer.alloc(0)

/**
 * Puts records together from a TCP stream, RFC 5531 §11 (record marking).
 *
 *     | last:1 length:31 | fragment | last:1 length:31 | fragment | …
 *
 * Records are pulled, so that a busy server leaves them where they are. One that came whole is a view of the chunk it
 * came in; only one that came in pieces is copied, into memory that grows with what really arrived.
 */
export class RecordAssembler {
  readonly #maxBytes: number
  #chunk: Buffer = EMPTY
  #at = 0
  #header = 0
  #headerBytes = 0
  /** Bytes of the fragment that are still to come; −1 between fragments. */
  #left = -1
  #last = false
  #record: Buffer = EMPTY
  #recordBytes = 0

  /** @param maxBytes what a record may have */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /** Adds what the stream brought. */
  push(chunk: Buffer): void {
    const unread = this.#chunk.subarray(this.#at)
    this.#chunk = unread.byteLength === 0 ? chunk : Buffer.concat([unread, chunk])
    this.#at = 0
  }
  /** True if bytes were pushed that are in no record yet. */
  get hasUnread(): boolean {
    return this.#at < this.#chunk.byteLength
  }
  /** True while a record has begun and not ended. */
  get partial(): boolean {
    return this.hasUnread || this.#left >= 0 || this.#headerBytes > 0 || this.#recordBytes > 0
  }

  /**
   * The next whole record, or undefined until more bytes come.
   *
   * @throws {WireError} if a record is longer than `maxBytes`: the stream is then of no more use
   */
  next(): Buffer | undefined {
    for (;;) {
      if (this.#left < 0 && !this.#readHeader()) return this.#wait()
      if (this.#last && this.#recordBytes === 0 && this.#unread >= this.#left) return this.#viewOfFragment()
      this.#append(Math.min(this.#unread, this.#left))
      if (this.#left > 0) return this.#wait()
      this.#left = -1
      if (this.#last) return this.#takeRecord()
    }
  }

  /** All was read: a connection that says no more must not keep what it said. */
  #wait(): undefined {
    this.#chunk = EMPTY
    this.#at = 0
  }
  get #unread(): number {
    return this.#chunk.byteLength - this.#at
  }
  #readHeader(): boolean {
    while (this.#headerBytes < 4) {
      const byte = this.#chunk[this.#at]
      if (byte === undefined) return false
      this.#header = (this.#header * 256 + byte) % 2 ** 32
      this.#headerBytes += 1
      this.#at += 1
    }
    this.#left = this.#header & LENGTH_MASK
    this.#last = this.#header >= LAST_FRAGMENT
    this.#headerBytes = 0
    this.#checkLength()
    return true
  }
  #checkLength(): void {
    const bytes = this.#recordBytes + this.#left
    if (bytes <= this.#maxBytes) return
    throw new WireError(
      'RPC record',
      this.#recordBytes,
      `it has ${bytes} bytes or more, want at most ${this.#maxBytes}`,
    )
  }
  #viewOfFragment(): Buffer {
    const record = this.#chunk.subarray(this.#at, this.#at + this.#left)
    this.#at += this.#left
    this.#left = -1
    return record
  }
  #append(count: number): void {
    const bytes = this.#recordBytes + count
    if (bytes > this.#record.byteLength) {
      const larger = Buffer.allocUnsafe(Math.max(bytes, Math.min(this.#maxBytes, this.#record.byteLength * 2)))
      this.#record.copy(larger, 0, 0, this.#recordBytes)
      this.#record = larger
    }
    this.#chunk.copy(this.#record, this.#recordBytes, this.#at, this.#at + count)
    this.#recordBytes = bytes
    this.#at += count
    this.#left -= count
  }
  #takeRecord(): Buffer {
    const record = this.#record.subarray(0, this.#recordBytes)
    this.#record = EMPTY
    this.#recordBytes = 0
    return record
  }
}
