import type { IncomingMessage } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Awaitable, ByteSource, FilePlace } from '../../storage/byte-source.ts'
import { CHUNK_BYTES, type HotChunks, identify } from '../../storage/hot-chunks.ts'
import type { FilePart } from '../../sys/direct-sender.ts'
import type { BufferPool } from './buffer-pool.ts'
import type { Reply, ReplyBody } from './reply.ts'

/** The client went away while it was being answered: nothing to worry about, and nobody to tell. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone'

  constructor() {
    super('the client closed the connection')
  }
}

/** Counts what was handed to the network. */
export interface Tally {
  bytes: number
}

/** Where a body goes. */
export interface Sink {
  /**
   * Settled when the network took the bytes, and the buffer may be used again.
   *
   * @param last whether the body ends with them
   * @throws {ClientGone}
   */
  write(bytes: Uint8Array, last: boolean): Awaitable<void>
  /** Sends what goes at once of a part of a file, without a copy; returns how many bytes that were. */
  sendFile?(part: FilePart): number
}

/** Memory that bodies are read into. */
export interface BodyMemory {
  readonly pool: BufferPool
  readonly chunks: HotChunks
}

type Part = Extract<ReplyBody, { readonly kind: 'part' }>

/** Bytes of a file that are sent before others have their turn. */
const WINDOW = 1024 * 1024
/** A shorter body goes out of memory together with its head, if it is there: a call less. */
const SHORT = 32 * 1024
/** What is written in the ordinary way where the kernel takes no more, to be told when it does again. */
const TAIL = 16 * 1024

/**
 * Sends a body. The next read waits until the network took the last: a slow client holds one buffer, or a chunk that
 * others hold as well.
 *
 * @throws {ClientGone}, or an error if the source cannot be read, or is shorter or longer than it said
 */
export async function sendBody({ body, headers }: Reply, sink: Sink, memory: BodyMemory, tally: Tally): Promise<void> {
  if (body.kind === 'stream') await sendStream(body.chunks(), headers['Content-Length'], sink, tally)
  else if (body.kind === 'part') await new PartSender(body, sink, memory, tally).send()
  else if (body.kind === 'bytes') {
    const taken = sink.write(body.bytes, true)
    tally.bytes += body.bytes.byteLength
    if (taken !== undefined) await taken
  }
}

async function sendStream(
  chunks: AsyncIterable<Uint8Array>,
  size: number | string | undefined,
  sink: Sink,
  tally: Tally,
): Promise<void> {
  for await (const chunk of chunks) {
    if (chunk.byteLength === 0) continue
    if (size !== undefined && tally.bytes + chunk.byteLength > Number(size))
      throw new Error(`It is longer than ${size}`)
    await sink.write(chunk, false)
    tally.bytes += chunk.byteLength
  }
  if (size !== undefined && tally.bytes !== Number(size)) throw new Error(`It has ${tally.bytes} bytes, want ${size}`)
}

/** Sends a part of a source: from its file as far as that is in memory, else out of what others read too, else read for it. */
class PartSender {
  readonly #part: Part
  readonly #source: ByteSource
  readonly #sink: Sink
  readonly #memory: BodyMemory
  readonly #tally: Tally
  #position: number
  #buffer: Buffer | undefined

  constructor(part: Part, sink: Sink, memory: BodyMemory, tally: Tally) {
    this.#part = part
    this.#source = part.tag === undefined ? part.source : identify(part.source, part.tag)
    this.#sink = sink
    this.#memory = memory
    this.#tally = tally
    this.#position = part.start
  }

  async send(): Promise<void> {
    const { start, end } = this.#part
    const place = end - start <= SHORT && this.#memory.chunks.keeps(this.#source) ? undefined : this.#source.place
    try {
      while (this.#position < end) {
        const isFull = place !== undefined && this.#sendFile(place)
        if (isFull === 'all') continue
        if (isFull === 'turn') await nextTurn()
        else await this.#sendPiece(isFull === 'full' ? TAIL : Infinity)
      }
    } finally {
      if (this.#buffer !== undefined) this.#memory.pool.give(this.#buffer)
    }
  }

  /** `full`: the kernel takes no more now; `turn`: others come first; false: this cannot be sent so. */
  #sendFile(place: FilePlace): 'all' | 'turn' | 'full' | false {
    const length = Math.min(WINDOW, this.#part.end - this.#position)
    if (this.#sink.sendFile === undefined || !place.isInMemory(this.#position, length)) return false
    const sent = this.#sink.sendFile({ fd: place.fd, offset: place.offset + this.#position, length })
    this.#note(sent)
    if (sent < length) return 'full'
    return this.#position === this.#part.end ? 'all' : 'turn'
  }

  async #sendPiece(most: number): Promise<void> {
    const { end } = this.#part
    const coming = this.#piece(Math.min(most, end - this.#position))
    const piece = coming instanceof Promise ? await coming : coming
    if (piece.byteLength === 0) throw new Error(`Cannot send a file: it ends at byte ${this.#position}, want ${end}`)
    const taken = this.#sink.write(piece, this.#position + piece.byteLength === end)
    if (taken !== undefined) await taken
    this.#note(piece.byteLength)
  }

  /** At most so many of the next bytes; none if the source has no more. */
  #piece(length: number): Awaitable<Uint8Array> {
    const source = this.#source
    if (!this.#memory.chunks.keeps(source)) return this.#read(length)
    const index = Math.floor(this.#position / CHUNK_BYTES)
    const from = this.#position - index * CHUNK_BYTES
    const coming = this.#memory.chunks.get(source, index)
    return coming instanceof Promise
      ? coming.then((chunk) => chunk.subarray(from, from + length))
      : coming.subarray(from, from + length)
  }
  #read(length: number): Awaitable<Uint8Array> {
    this.#buffer ??= this.#memory.pool.take(this.#part.end - this.#part.start)
    const wanted = this.#buffer.subarray(0, length)
    const reading = this.#source.read(wanted, this.#position)
    return typeof reading === 'number'
      ? wanted.subarray(0, reading)
      : reading.then((count) => wanted.subarray(0, count))
  }
  #note(bytes: number): void {
    this.#position += bytes
    this.#tally.bytes += bytes
  }
}

/**
 * The body of a request.
 *
 * @returns undefined if it is longer than `limit` bytes; the rest is not read then
 * @throws {ClientGone}
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > limit) return undefined
  const parts: Buffer[] = []
  let length = 0
  return new Promise((resolve, reject) => {
    request.on('data', (part: Buffer) => {
      length += part.byteLength
      if (length <= limit) parts.push(part)
      else {
        request.pause()
        resolve(undefined)
      }
    })
    request.once('end', () => resolve(Buffer.concat(parts)))
    request.once('close', () => reject(new ClientGone())) // after 'end' this changes nothing
    request.once('error', () => reject(new ClientGone()))
  })
}
