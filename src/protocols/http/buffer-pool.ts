/** Bytes of a read: half as much costs a fifth of the speed, more gains nothing. */
const LARGE = 256 * 1024
/** What one of very many slow clients gets. */
const SMALL = 16 * 1024
/** Bytes in large buffers, lent or kept, at one time. */
const LIMIT = 64 * 1024 * 1024
/** Free buffers that are kept. */
const KEPT = 16

/**
 * Lends buffers to read into. There are only so many large ones; when all are out, as when hundreds of clients are slow
 * to take what they asked for, the next get small ones, so that nobody waits for another.
 */
export class BufferPool {
  readonly #free: Buffer[] = []
  #lent = 0

  /** A buffer to fill and give back. */
  take(): Buffer {
    if ((this.#lent + 1) * LARGE > LIMIT) return Buffer.allocUnsafeSlow(SMALL)
    this.#lent += 1
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(LARGE)
  }
  /** Takes a buffer back that nobody reads any more. */
  give(buffer: Buffer): void {
    if (buffer.byteLength !== LARGE) return
    this.#lent -= 1
    if (this.#free.length < KEPT) this.#free.push(buffer)
  }
}
