import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ByteSource } from '../../storage/byte-source.ts'
import { CHUNK_BYTES, type HotChunks, type IdentifiedSource } from '../../storage/hot-chunks.ts'
import type { BufferPool } from './buffer-pool.ts'

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

/**
 * Sends bytes `start` to `end` of a source and ends the response. The next read waits until the network took the last:
 * a slow client holds one buffer.
 *
 * @throws {ClientGone}, or an error if the source cannot be read or is shorter than it said
 */
export async function sendSource(
  response: ServerResponse,
  { source, start, end }: { readonly source: ByteSource; readonly start: number; readonly end: number },
  pool: BufferPool,
  tally: Tally,
): Promise<void> {
  const buffer = pool.take(end - start)
  try {
    for (let position = start; position < end; ) {
      const wanted = buffer.subarray(0, Math.min(buffer.byteLength, end - position))
      const reading = source.read(wanted, position)
      const length = typeof reading === 'number' ? reading : await reading
      if (length === 0) throw new Error(`Cannot send a file: it ends at byte ${position}, want ${end}`)
      const part = wanted.subarray(0, length)
      await (position + length < end ? write(response, part) : endWith(response, part))
      position += length
      tally.bytes += length
    }
  } finally {
    pool.give(buffer)
  }
  if (start === end) response.end()
}

/**
 * The same for what several clients read: each is sent the one copy in memory, and a slow one holds a chunk that others
 * hold as well.
 *
 * @throws {ClientGone}, or an error if the source cannot be read or is shorter than it said
 */
export async function sendHot(
  response: ServerResponse,
  { source, start, end }: { readonly source: IdentifiedSource; readonly start: number; readonly end: number },
  chunks: HotChunks,
  tally: Tally,
): Promise<void> {
  for (let position = start; position < end; ) {
    const index = Math.floor(position / CHUNK_BYTES)
    const coming = chunks.get(source, index)
    const chunk = coming instanceof Promise ? await coming : coming
    const part = chunk.subarray(position - index * CHUNK_BYTES, end - index * CHUNK_BYTES)
    if (position + part.byteLength < end) await write(response, part)
    else response.end(part)
    position += part.byteLength
    tally.bytes += part.byteLength
  }
  if (start === end) response.end()
}

/**
 * Sends what a generator makes and ends the response.
 *
 * @throws {ClientGone}, or what the generator throws
 */
export async function sendStream(
  response: ServerResponse,
  chunks: AsyncIterable<Uint8Array>,
  tally: Tally,
): Promise<void> {
  for await (const chunk of chunks) {
    if (chunk.byteLength === 0) continue
    await write(response, chunk)
    tally.bytes += chunk.byteLength
  }
  response.end()
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

/** Ends the response with these bytes, which go out together with what stands before them. */
function endWith(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed || response.socket === null) {
      reject(new ClientGone())
      return
    }
    const gone = (): void => reject(new ClientGone())
    response.once('close', gone) // after the last byte it changes nothing
    response.end(bytes, () => resolve())
  })
}

/** Resolves when the network took the bytes, and the buffer may be used again. */
function write(response: ServerResponse, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    if (response.destroyed || response.socket === null) {
      reject(new ClientGone())
      return
    }
    const gone = (): void => reject(new ClientGone())
    response.once('close', gone)
    response.write(bytes, (error) => {
      response.off('close', gone)
      if (error === null || error === undefined) resolve()
      else reject(new ClientGone())
    })
  })
}
