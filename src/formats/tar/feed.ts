import { textOf } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'
import type { PlacedEntry } from './entry.ts'
import { type Need, parseTar } from './parser.ts'

/** Drives the parser with an archive that arrives in chunks of any length; keeps only what an entry's headers take. */
export class TarStream {
  readonly #parser: Generator<Need, number, Uint8Array>
  #need: Need | undefined
  /** The part of the needed bytes that has arrived. */
  #have: Uint8Array[] = []
  #haveLength = 0
  #position = 0

  constructor(onEntry: (entry: PlacedEntry) => void) {
    this.#parser = parseTar(onEntry)
    this.#advance(this.#parser.next())
  }

  /** Bytes pushed so far. */
  get position(): number {
    return this.#position
  }
  /** @throws {WireError} where the archive is damaged */
  push(chunk: Uint8Array): void {
    const end = this.#position + chunk.byteLength
    while (this.#need !== undefined) {
      const from = this.#need.position + this.#haveLength
      const to = Math.min(this.#need.position + this.#need.length, end)
      if (to <= from) break
      this.#have.push(chunk.subarray(from - this.#position, to - this.#position))
      this.#haveLength += to - from
      if (this.#haveLength === this.#need.length) this.#give(this.#need)
    }
    if (this.#have.length > 0) this.#have = [Buffer.concat(this.#have)] // the caller may use its chunk again
    this.#position = end
  }
  /** Says that the archive has ended. @throws {WireError} if it is cut */
  end(): void {
    if (this.#need !== undefined && !this.#need.optional) throw cutError(this.#need, this.#position)
  }

  #give(need: Need): void {
    const bytes = this.#have.length === 1 && this.#have[0] !== undefined ? this.#have[0] : Buffer.concat(this.#have)
    this.#have = []
    this.#haveLength = 0
    const copied = bytes.byteLength === need.length ? bytes : bytes.subarray(0, need.length)
    this.#advance(this.#parser.next(copied))
  }
  #advance(step: IteratorResult<Need, number>): void {
    this.#need = step.done === true ? undefined : step.value
  }
}

/** Reads an archive that lies still, skipping content. `read` as in `ByteSource`. */
export interface ArchiveSource {
  readonly size: number
  read(target: Uint8Array, position: number): number
}

/** How much is read ahead of a header, bytes: small files follow each other closely, large ones are skipped. */
const WINDOW = 8 * 1024

/** @throws {WireError} where the archive is damaged or cut */
export function readTar(source: ArchiveSource, onEntry: (entry: PlacedEntry) => void): void {
  const parser = parseTar(onEntry)
  const window = new Window(source)
  for (let step = parser.next(); step.done !== true; ) {
    const { position, length, optional } = step.value
    if (position + length > source.size) {
      if (optional) return
      throw cutError(step.value, source.size)
    }
    step = parser.next(window.bytes(position, length))
  }
}

/** The part of an archive that was read last. */
class Window {
  readonly #source: ArchiveSource
  #buffer: Uint8Array = new Uint8Array(WINDOW)
  #position = 0
  #length = 0

  constructor(source: ArchiveSource) {
    this.#source = source
  }
  /** Valid until the next call. */
  bytes(position: number, length: number): Uint8Array {
    if (position < this.#position || position + length > this.#position + this.#length) {
      if (length > this.#buffer.byteLength) this.#buffer = new Uint8Array(length)
      this.#length = this.#source.read(this.#buffer, position)
      this.#position = position
    }
    const at = position - this.#position
    return this.#buffer.subarray(at, at + length)
  }
}

function cutError(need: Need, size: number): WireError {
  if (size === 0) return new WireError('tar', 0, 'it is empty')
  const where = need.inside === '' ? 'before its first entry' : `inside or right behind "${textOf(need.inside)}"`
  return new WireError(
    'tar',
    size,
    `the archive is cut ${where}: it goes on at least to byte ${need.position + need.length}`,
  )
}
