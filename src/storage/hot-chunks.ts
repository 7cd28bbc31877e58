import type { Awaitable, ByteSource } from './byte-source.ts'

/** A source of which equal ones are known: two with the same identity hold the same bytes. */
export interface IdentifiedSource extends ByteSource {
  /** A digest, or what else changes whenever the bytes do. */
  readonly identity: string
}

/** Bytes of a chunk; the last one of a source has fewer. */
export const CHUNK_BYTES = 128 * 1024

const LIMIT_BYTES = 128 * 1024 * 1024
/** A larger source would only push all others out: the system's page cache has it, or nobody. */
const LARGEST_BYTES = 64 * 1024 * 1024

/** Says of a source which one it is. */
export function identify(source: ByteSource, identity: string): IdentifiedSource {
  return {
    identity,
    size: source.size,
    read: (target, position) => source.read(target, position),
    close: () => source.close(),
    ...(source.place === undefined ? {} : { place: source.place }),
  }
}

export function isIdentified(source: ByteSource): source is IdentifiedSource {
  return 'identity' in source
}

/**
 * What many machines read at the same time, once in memory: when a thousand of them power on together they fetch the
 * same few files. Bounded: the chunks that nobody asked for the longest go first. A chunk that is being read is read once,
 * however many wait for it. Chunks are never written to again, so they may be sent as they are.
 */
export class HotChunks {
  readonly #limit: number
  readonly #chunks = new Map<string, Uint8Array>()
  readonly #coming = new Map<string, Promise<Uint8Array>>()
  #bytes = 0

  constructor(limitBytes = LIMIT_BYTES) {
    this.#limit = limitBytes
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes
  }
  /** Whether the chunks of a source are kept at all. */
  keeps(source: ByteSource): source is IdentifiedSource {
    return isIdentified(source) && source.size <= Math.min(LARGEST_BYTES, this.#limit)
  }
  /** Chunk `index` of a source, at once if it is in memory. @throws what the source throws */
  get(source: IdentifiedSource, index: number): Awaitable<Uint8Array> {
    const key = `${source.identity} ${source.size} ${index}`
    const chunk = this.#chunks.get(key)
    if (chunk === undefined) return this.#coming.get(key) ?? this.#read(source, index, key)
    this.#chunks.delete(key) // asked for last: goes last
    this.#chunks.set(key, chunk)
    return chunk
  }

  #read(source: IdentifiedSource, index: number, key: string): Awaitable<Uint8Array> {
    const reading = readChunk(source, index)
    if (!(reading instanceof Promise)) return this.#keep(key, reading)
    const coming = reading.then((chunk) => this.#keep(key, chunk)).finally(() => this.#coming.delete(key))
    this.#coming.set(key, coming)
    return coming
  }
  #keep(key: string, chunk: Uint8Array): Uint8Array {
    this.#chunks.set(key, chunk)
    this.#bytes += chunk.byteLength
    for (const [oldest, { byteLength }] of this.#chunks) {
      if (this.#bytes <= this.#limit) break
      this.#chunks.delete(oldest)
      this.#bytes -= byteLength
    }
    return chunk
  }
}

/**
 * Reads one chunk of a source into memory of its own.
 *
 * @throws {Error} if the source is shorter than it said, or what it throws
 */
export function readChunk(source: ByteSource, index: number): Awaitable<Uint8Array> {
  const position = index * CHUNK_BYTES
  const chunk = Buffer.allocUnsafeSlow(Math.max(0, Math.min(CHUNK_BYTES, source.size - position)))
  const whole = (length: number): Uint8Array => {
    if (length === chunk.byteLength) return chunk
    throw new Error(`it is shorter than it was: it ends at byte ${position + length} of ${source.size}`)
  }
  const reading = source.read(chunk, position)
  return typeof reading === 'number' ? whole(reading) : reading.then(whole)
}
