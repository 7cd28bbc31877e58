import type { IncomingHttpHeaders } from 'node:http'
import { type ByteSource, memorySource } from '../../storage/byte-source.ts'
import type { HttpAnswer, PostAnswer, SourceAnswer, StreamAnswer, TextAnswer } from './answer.ts'
import { isContradicted, isSameAsBefore, isUnchanged } from './conditions.ts'
import { readRange } from './range.ts'

/** What is asked, as far as the answer depends on it. */
export interface Question {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export type ReplyHeaders = Readonly<Record<string, string | number>>

/** What goes out as the body; of a source the bytes from `start` up to, but not including, `end`. */
export type ReplyBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | {
      readonly kind: 'part'
      readonly source: ByteSource
      readonly tag: string | undefined
      readonly start: number
      readonly end: number
    }
  | { readonly kind: 'stream'; readonly chunks: () => AsyncIterable<Uint8Array> }

/** What is sent. `Content-Length` is there unless the length is not known, or the status has no body. */
export interface Reply {
  readonly status: number
  readonly headers: ReplyHeaders
  readonly body: ReplyBody
}

const NO_BODY = { kind: 'none' } as const
const TEXT_416 = { kind: 'text', status: 416 } as const
/** The rest of a body that nobody reads stands between its request and the next. */
const CLOSING = { Connection: 'close' } as const

/**
 * What to send for an answer: the conditions, ranges and methods of RFC 9110 are kept here, once for all routes. The
 * source of the answer stays open.
 */
export function replyTo(question: Question, answer: HttpAnswer | undefined): Reply {
  const { method, url } = question
  if (answer === undefined)
    return textReply(question, { kind: 'text', status: 404, text: `Not found: ${shorten(url)}` })
  if (isRefusal(answer)) return textReply(question, method === 'POST' ? { ...answer, headers: CLOSING } : answer)
  if (answer.kind === 'post') return refuseMethod(question, 'POST')
  return method === 'GET' || method === 'HEAD' ? replyInFull(question, answer) : refuseMethod(question, 'GET, HEAD')
}

/** The same where the method plays no part any more, as for what a handler of a POST says. */
export function replyInFull(question: Question, answer: Exclude<HttpAnswer, PostAnswer>): Reply {
  if (answer.kind === 'text') return textReply(question, answer)
  if (answer.kind === 'stream') return streamReply(question, answer)
  if (answer.kind === 'source') return sizedReply(question, answer)
  return sizedReply(question, { ...answer, kind: 'source', source: memorySource(answer.bytes) })
}

/**
 * A text and nothing else. Header names are capitalised here and below: shim before 15.5 and GRUB's client for UEFI HTTP
 * find a `Content-Length` only in this spelling, and take the file for empty otherwise.
 */
export function textReply({ method }: Question, answer: TextAnswer): Reply {
  const bytes = Buffer.from(answer.text === '' || answer.text.endsWith('\n') ? answer.text : `${answer.text}\n`)
  const headers = {
    'Content-Type': answer.contentType ?? 'text/plain; charset=utf-8',
    'Content-Length': bytes.byteLength,
    'Cache-Control': 'no-store',
    ...answer.headers,
  }
  return { status: answer.status ?? 200, headers, body: method === 'HEAD' ? NO_BODY : { kind: 'bytes', bytes } }
}

/** What a client is told whose body is longer than the route takes. */
export function tooLongReply(question: Question, maxBytes: number): Reply {
  const text = `Cannot take a body that long, want at most ${maxBytes} bytes`
  return textReply(question, { kind: 'text', status: 413, text, headers: CLOSING })
}

/** A URL to show. */
export function shorten(url: string): string {
  return url.length > 200 ? `${url.slice(0, 199)}…` : url
}

function sizedReply(question: Question, answer: SourceAnswer): Reply {
  const { method, headers: given } = question
  const { size } = answer.source
  if (isContradicted(given, answer)) {
    return textReply(question, { kind: 'text', status: 412, text: 'Cannot send what you know: it has changed' })
  }
  if (method !== 'POST' && isUnchanged(given, answer)) return { status: 304, headers: headersOf(answer), body: NO_BODY }
  const asked = method === 'GET' && isSameAsBefore(given, answer) // RFC 9110 §14.2: GET only
  const wish = readRange(asked ? given.range : undefined, size)
  if (wish.kind === 'unsatisfiable') {
    const text = `Cannot send that range: there are ${size} bytes`
    return textReply(question, { ...TEXT_416, text, headers: { 'Content-Range': `bytes */${size}` } })
  }
  const { start, end } = wish.kind === 'part' ? wish : { start: 0, end: size }
  const headers = headersOf(answer)
  if (wish.kind === 'part') headers['Content-Range'] = `bytes ${start}-${end - 1}/${size}`
  headers['Content-Length'] = end - start
  const body = { kind: 'part', source: answer.source, tag: answer.tag, start, end } as const
  return { status: wish.kind === 'part' ? 206 : 200, headers, body: method === 'HEAD' ? NO_BODY : body }
}

function headersOf({ contentType, tag, modified, immutable }: SourceAnswer): Record<string, string | number> {
  const headers: Record<string, string | number> = {
    'Content-Type': contentType ?? 'application/octet-stream',
    'Accept-Ranges': 'bytes',
    'Cache-Control': immutable === true ? 'public, max-age=31536000, immutable' : 'no-cache',
  }
  if (tag !== undefined) headers['ETag'] = `"${tag}"`
  if (modified !== undefined) headers['Last-Modified'] = textOf(modified)
  return headers
}

const dateTexts = new WeakMap<Date, string>()

/** As RFC 9110 §5.6.7 has it. A file that is kept open has one date, which many are told. */
function textOf(date: Date): string {
  const known = dateTexts.get(date)
  if (known !== undefined) return known
  const text = date.toUTCString()
  dateTexts.set(date, text)
  return text
}

function streamReply({ method }: Question, answer: StreamAnswer): Reply {
  const headers = {
    'Content-Type': answer.contentType ?? 'application/octet-stream',
    'Cache-Control': 'no-store',
    ...(answer.size === undefined ? {} : { 'Content-Length': answer.size }),
  }
  return { status: 200, headers, body: method === 'HEAD' ? NO_BODY : { kind: 'stream', chunks: answer.chunks } }
}

/** A text with the status of an error, which answers any method. */
function isRefusal(answer: HttpAnswer): answer is TextAnswer {
  return answer.kind === 'text' && (answer.status ?? 200) >= 400
}

function refuseMethod(question: Question, allow: string): Reply {
  const text = `Cannot ${question.method} here, want ${allow.replace(', ', ' or ')}`
  return textReply(question, { kind: 'text', status: 405, text, headers: { Allow: allow, Connection: 'close' } })
}
