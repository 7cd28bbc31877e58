/** Writes big-endian fields one after the other into a buffer that grows. */
export class ByteWriter {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  /** @param room bytes to begin with, or how many; it doubles when it is too small */
  constructor(room: number | Uint8Array = 512) {
    this.#bytes = typeof room === 'number' ? new Uint8Array(room) : room
    this.#view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset, this.#bytes.byteLength)
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
    return this
  }
  u16(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
    return this
  }
  u32(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
    return this
  }
  u64(value: bigint): this {
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value)
    return this
  }
  bytes(value: Uint8Array): this {
    const at = this.#grow(value.byteLength)
    this.#bytes.set(value, at)
    return this
  }
  /** `count` bytes of zero. */
  zeros(count: number): this {
    const at = this.#grow(count)
    this.#bytes.fill(0, at, at + count)
    return this
  }
  /** UTF-8 and a terminating NUL. */
  cstring(value: string): this {
    return this.bytes(new TextEncoder().encode(value)).u8(0)
  }
  /** Overwrites a 16-bit field written earlier, such as a length known only now. */
  patchU16(offset: number, value: number): this {
    this.#view.setUint16(offset, value)
    return this
  }
  /** Overwrites a 32-bit field written earlier, such as a length known only now. */
  patchU32(offset: number, value: number): this {
    this.#view.setUint32(offset, value)
    return this
  }
  /** What was written, a view of the writer's buffer: take it when nothing more will be written. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #grow(count: number): number {
    const start = this.#length
    this.#length += count
    if (this.#length > this.#bytes.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.byteLength * 2))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    return start
  }
}
