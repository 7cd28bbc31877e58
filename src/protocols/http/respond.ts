import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { memorySource } from '../../storage/byte-source.ts'
import { type HotChunks, identify } from '../../storage/hot-chunks.ts'
import type { HttpAnswer, PostAnswer, SourceAnswer, StreamAnswer, TextAnswer } from './answer.ts'
import { readBody, sendHot, sendSource, sendStream, type Tally } from './body.ts'
import type { BufferPool } from './buffer-pool.ts'
import { isContradicted, isSameAsBefore, isUnchanged } from './conditions.ts'
import { readRange } from './range.ts'

/** One request with what is needed to answer it. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly pool: BufferPool
  readonly chunks: HotChunks
  readonly tally: Tally
}

/** Bytes of a body that is posted, where the route does not say. */
const POST_LIMIT = 256 * 1024

/**
 * Sends an answer: the conditions, ranges and methods of RFC 9110 are kept here, once for all routes.
 *
 * @throws {ClientGone}, or an error of the answer's source, stream or handler
 */
export async function respond(exchange: Exchange, answer: HttpAnswer | undefined): Promise<void> {
  const { method = '', url = '' } = exchange.request
  if (answer === undefined) return sendText(exchange, { kind: 'text', status: 404, text: `Not found: ${shorten(url)}` })
  if (isRefusal(answer)) return sendText(exchange, method === 'POST' ? { ...answer, headers: CLOSING } : answer)
  if (answer.kind === 'post') return method === 'POST' ? accept(exchange, answer) : refuseMethod(exchange, 'POST')
  if (method !== 'GET' && method !== 'HEAD') {
    if (answer.kind === 'source') await answer.source.close()
    return refuseMethod(exchange, 'GET, HEAD')
  }
  return sendAnswer(exchange, answer)
}

/**
 * Sends a text and nothing else. Header names are capitalised here and below: shim before 15.5 and GRUB's client for
 * UEFI HTTP find a `Content-Length` only in this spelling, and take the file for empty otherwise.
 */
export function sendText({ request, response, tally }: Exchange, answer: TextAnswer): void {
  const body = Buffer.from(answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`)
  response.writeHead(answer.status ?? 200, {
    'Content-Type': answer.contentType ?? 'text/plain; charset=utf-8',
    'Content-Length': body.byteLength,
    'Cache-Control': 'no-store',
    ...answer.headers,
  })
  if (request.method !== 'HEAD') tally.bytes += body.byteLength
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function sendAnswer(exchange: Exchange, answer: Exclude<HttpAnswer, PostAnswer>): Promise<void> {
  switch (answer.kind) {
    case 'text':
      return sendText(exchange, answer)
    case 'stream':
      return sendGenerated(exchange, answer)
    case 'bytes':
      return sendSized(exchange, { ...answer, kind: 'source', source: memorySource(answer.bytes) })
    case 'source':
      try {
        return await sendSized(exchange, answer)
      } finally {
        await answer.source.close()
      }
  }
}

async function sendSized(exchange: Exchange, answer: SourceAnswer): Promise<void> {
  const { request, response } = exchange
  const { size } = answer.source
  const headers = headersOf(answer)
  if (isContradicted(request.headers, answer)) {
    const text = 'Cannot send what you know: it has changed'
    return sendText(exchange, { kind: 'text', status: 412, text })
  }
  if (request.method !== 'POST' && isUnchanged(request.headers, answer)) {
    response.writeHead(304, headers).end()
    return
  }
  const asked = request.method === 'GET' && isSameAsBefore(request.headers, answer) // RFC 9110 §14.2: GET only
  const wish = readRange(asked ? request.headers.range : undefined, size)
  if (wish.kind === 'unsatisfiable') {
    const text = `Cannot send that range: there are ${size} bytes`
    sendText(exchange, { ...TEXT_416, text, headers: { 'Content-Range': `bytes */${size}` } })
    return
  }
  const { start, end } = wish.kind === 'part' ? wish : { start: 0, end: size }
  const part = wish.kind === 'part' ? { 'Content-Range': `bytes ${start}-${end - 1}/${size}` } : {}
  response.writeHead(wish.kind === 'part' ? 206 : 200, { ...headers, ...part, 'Content-Length': end - start })
  if (request.method === 'HEAD') response.end()
  else await sendPart(exchange, answer, start, end)
}

async function sendPart(
  { response, pool, chunks, tally }: Exchange,
  { source, tag }: SourceAnswer,
  start: number,
  end: number,
): Promise<void> {
  const known = tag === undefined ? source : identify(source, tag)
  if (chunks.keeps(known)) await sendHot(response, { source: known, start, end }, chunks, tally)
  else await sendSource(response, { source, start, end }, pool, tally)
}

const TEXT_416 = { kind: 'text', status: 416 } as const

function headersOf({ contentType, tag, modified, immutable }: SourceAnswer): OutgoingHttpHeaders {
  return {
    'Content-Type': contentType ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Cache-Control': immutable === true ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...(tag === undefined ? {} : { ETag: `"${tag}"` }),
    ...(modified === undefined ? {} : { 'Last-Modified': modified.toUTCString() }),
  }
}

async function sendGenerated({ request, response, tally }: Exchange, answer: StreamAnswer): Promise<void> {
  response.writeHead(200, {
    'Content-Type': answer.contentType ?? 'application/octet-stream',
    'Cache-Control': 'no-store',
    ...(answer.size === undefined ? {} : { 'Content-Length': answer.size }),
  })
  if (request.method === 'HEAD') response.end()
  else await sendStream(response, answer.chunks(), tally)
}

async function accept(exchange: Exchange, { accept: handle, maxBytes = POST_LIMIT }: PostAnswer): Promise<void> {
  const body = await readBody(exchange.request, maxBytes)
  if (body !== undefined) return sendAnswer(exchange, await handle(body))
  const text = `Cannot take a body that long, want at most ${maxBytes} bytes`
  return sendText(exchange, { kind: 'text', status: 413, text, headers: CLOSING })
}

/** A text with the status of an error, which answers any method. */
function isRefusal(answer: HttpAnswer): answer is TextAnswer {
  return answer.kind === 'text' && (answer.status ?? 200) >= 400
}

/** The rest of a body that nobody reads stands between its request and the next. */
const CLOSING = { Connection: 'close' } as const

function refuseMethod(exchange: Exchange, allow: string): void {
  const text = `Cannot ${exchange.request.method ?? ''} here, want ${allow.replace(', ', ' or ')}`
  sendText(exchange, { kind: 'text', status: 405, text, headers: { Allow: allow, Connection: 'close' } })
}

/** A URL to show. */
export function shorten(url: string): string {
  return url.length > 200 ? `${url.slice(0, 199)}…` : url
}
