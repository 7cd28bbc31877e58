import type { IncomingHttpHeaders } from 'node:http'
import type { ByteSource } from '../../storage/byte-source.ts'
import type { Validators } from './conditions.ts'

/** Where a client sends from. */
export interface HttpPeer {
  readonly address: string
  readonly port: number
}

/** What a client asks for. */
export interface HttpRequest {
  readonly method: string
  /** As it stands in the request line. */
  readonly url: string
  /** Percent-decoded, without the query. It may hold anything, `..` and NUL included. */
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly peer: HttpPeer
  /** The address of ours that the client talks to. */
  readonly localAddress: string
  /** Aborts when the client is gone or the server is closed. */
  readonly signal: AbortSignal
}

/** A body whose size is known, which can be asked for in parts and conditionally. The server closes the source. */
export interface SourceAnswer extends Validators {
  readonly kind: 'source'
  readonly source: ByteSource
  readonly contentType?: string
  /** What this URL names never changes: a cache need not ask again. */
  readonly immutable?: boolean
}

/** The same with bytes in memory. */
export interface BytesAnswer extends Validators {
  readonly kind: 'bytes'
  readonly bytes: Uint8Array
  readonly contentType?: string
  readonly immutable?: boolean
}

/** A short text, which no cache may keep. */
export interface TextAnswer {
  readonly kind: 'text'
  readonly text: string
  /** 200 if not given. */
  readonly status?: number
  /** `text/plain` if not given. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** A body made while it is sent. If it throws, the connection is broken off, so that the client notices. */
export interface StreamAnswer {
  readonly kind: 'stream'
  readonly chunks: () => AsyncIterable<Uint8Array>
  /** Bytes, if known beforehand: then the client sees how far it is. */
  readonly size?: number
  readonly contentType?: string
}

/** A place to POST to. */
export interface PostAnswer {
  readonly kind: 'post'
  /** Takes the body and says what to answer. */
  readonly accept: (body: Buffer) => Promise<Exclude<HttpAnswer, PostAnswer>>
  /** Bytes that a body may have; 256 KiB if not given. */
  readonly maxBytes?: number
}

export type HttpAnswer = SourceAnswer | BytesAnswer | TextAnswer | StreamAnswer | PostAnswer

/** Finds what to answer; undefined is 404. What it throws is 500, and is logged, not shown. */
export type Route = (request: HttpRequest) => Promise<HttpAnswer | undefined>

/** One request and what became of it. */
export interface ResponseReport {
  readonly peer: HttpPeer
  readonly method: string
  readonly url: string
  readonly status: number
  /** Bytes of the body that were handed to the network. */
  readonly bytes: number
  readonly milliseconds: number
  /** False if the client went away, or the server was closed, before all was sent. */
  readonly complete: boolean
  /** Empty if the client named none. */
  readonly userAgent: string
}
