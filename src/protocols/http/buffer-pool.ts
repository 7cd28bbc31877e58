/** Bytes of a read: half as much costs a fifth of the speed, more gains nothing. */
const LARGE = 256 * 1024
/** For what is not longer, as the ranges that block devices and loaders ask for. */
const MEDIUM = 64 * 1024
/** What one of very many slow clients gets. */
const SMALL = 16 * 1024
/** Bytes in large and medium buffers, lent at one time. */
const LIMIT = 64 * 1024 * 1024
/** Bytes in free buffers of one size that are kept: making new ones costs more than filling them. */
const KEPT = 16 * 1024 * 1024

/**
 * Lends buffers to read into. There are only so many bytes in large ones; when all are out, as when hundreds of clients
 * are slow to take what they asked for, the next get small ones, so that nobody waits for another.
 */
export class BufferPool {
  readonly #free = new Map<number, Buffer[]>([
    [LARGE, []],
    [MEDIUM, []],
  ])
  #lent = 0

  /** A buffer to fill and give back, for so many bytes that are to be sent in all. */
  take(wanted: number): Buffer {
    const length = wanted <= MEDIUM ? MEDIUM : LARGE
    if (this.#lent + length > LIMIT) return Buffer.allocUnsafeSlow(SMALL)
    this.#lent += length
    return this.#free.get(length)?.pop() ?? Buffer.allocUnsafeSlow(length)
  }
  /** Takes a buffer back that nobody reads any more. */
  give(buffer: Buffer): void {
    const free = this.#free.get(buffer.byteLength)
    if (free === undefined) return
    this.#lent -= buffer.byteLength
    if ((free.length + 1) * buffer.byteLength <= KEPT) free.push(buffer)
  }
}
