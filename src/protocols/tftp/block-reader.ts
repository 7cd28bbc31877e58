import type { Awaitable, ByteSource } from '../../storage/byte-source.ts'
import { CHUNK_BYTES, type HotChunks, readChunk } from '../../storage/hot-chunks.ts'

/**
 * The blocks of one file, out of chunks that are many times as long. It holds the one or two chunks that a transfer is
 * at; where the file is one that several clients read, they are the same in memory for all of them.
 */
export class BlockReader {
  readonly #source: ByteSource
  readonly #chunks: HotChunks
  #first = -1
  #held: readonly Uint8Array[] = []

  constructor(source: ByteSource, chunks: HotChunks) {
    this.#source = source
    this.#chunks = chunks
  }

  /** Copies bytes from `position` on; false if they are not in memory, then `load()` first. */
  copy(target: Uint8Array, position: number): boolean {
    let done = 0
    while (done < target.byteLength) {
      const index = Math.floor((position + done) / CHUNK_BYTES)
      const chunk = this.#held[index - this.#first]
      if (chunk === undefined) return false
      const start = position + done - index * CHUNK_BYTES
      const part = chunk.subarray(start, start + target.byteLength - done)
      target.set(part, done)
      done += part.byteLength
    }
    return true
  }
  /** Makes `copy()` of these bytes possible, at once if they are in memory. @throws what the source throws */
  load(position: number, length: number): Awaitable<void> {
    const first = Math.floor(position / CHUNK_BYTES)
    const last = Math.floor((position + Math.max(1, length) - 1) / CHUNK_BYTES)
    const parts = Array.from({ length: last - first + 1 }, (_, index) => this.#chunk(first + index))
    const ready = parts.filter((part) => part instanceof Uint8Array)
    if (ready.length === parts.length) return this.#hold(first, ready)
    return Promise.all(parts.map(async (part) => part)).then((chunks) => this.#hold(first, chunks))
  }

  #hold(first: number, chunks: readonly Uint8Array[]): void {
    this.#first = first
    this.#held = chunks
  }
  #chunk(index: number): Awaitable<Uint8Array> {
    const held = this.#held[index - this.#first]
    if (held !== undefined) return held
    return this.#chunks.keeps(this.#source) ? this.#chunks.get(this.#source, index) : readChunk(this.#source, index)
  }
}
