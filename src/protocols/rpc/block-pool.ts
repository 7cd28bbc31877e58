/** A piece of memory that replies are written into. It goes back to its pool when the last holder releases it. */
export interface Block {
  readonly bytes: Buffer
  readonly view: DataView
  holders: number
}

/** Holds a few dozen small replies. */
const SMALL_BYTES = 64 * 1024
/** Holds a READ reply of 1 MiB and what comes before it. */
const LARGE_BYTES = SMALL_BYTES + 1024 * 1024

/**
 * Blocks of two sizes that are used again: a fresh MiB costs as much in page faults as the copy into it. What exceeds
 * `keepBytes` of idle memory is left to the garbage collector.
 */
export class BlockPool {
  readonly #idle = new Map<number, Block[]>([
    [SMALL_BYTES, []],
    [LARGE_BYTES, []],
  ])
  readonly #keepBytes: number
  #idleBytes = 0

  constructor(keepBytes = 32 * 1024 * 1024) {
    this.#keepBytes = keepBytes
  }

  /** A block of at least `bytes` bytes with one holder; its content is whatever was there. */
  take(bytes: number): Block {
    const size = bytes <= SMALL_BYTES ? SMALL_BYTES : Math.max(bytes, LARGE_BYTES)
    const idle = this.#idle.get(size)?.pop()
    if (idle === undefined) return newBlock(size)
    this.#idleBytes -= size
    idle.holders = 1
    return idle
  }

  /** One holder less. */
  release(block: Block): void {
    block.holders -= 1
    const size = block.bytes.byteLength
    const shelf = this.#idle.get(size)
    if (block.holders > 0 || shelf === undefined || this.#idleBytes + size > this.#keepBytes) return
    this.#idleBytes += size
    shelf.push(block)
  }
}

function newBlock(size: number): Block {
  const bytes = Buffer.allocUnsafeSlow(size)
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size), holders: 1 }
}
