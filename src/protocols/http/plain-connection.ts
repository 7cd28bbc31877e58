import type { Socket } from 'node:net'
import type { DirectSender } from '../../sys/direct-sender.ts'
import type { HttpAnswer, HttpPeer } from './answer.ts'
import { type BodyMemory, ClientGone, sendBody, type Tally } from './body.ts'
import { type PlainRequest, readPlainRequest } from './plain-request.ts'
import { headOf, isChunked, PlainSink } from './plain-sink.ts'
import { type Reply, replyTo } from './reply.ts'

/** What became of a plain request. */
export interface PlainOutcome {
  readonly peer: HttpPeer
  readonly request: PlainRequest
  /** Undefined if the client was gone before there was one. */
  readonly status: number | undefined
  readonly bytes: number
  readonly complete: boolean
  readonly began: number
}

/** What a connection needs of its server. */
export interface PlainService {
  readonly memory: BodyMemory
  readonly direct: DirectSender | undefined
  /** Milliseconds in which nothing moves: before the first request, between two, and while one is answered. */
  readonly patience: { readonly first: number; readonly next: number; readonly answer: number }
  ask(request: PlainRequest, connection: PlainConnection): Promise<HttpAnswer | undefined>
  /** What is sent where answering fails before a byte is sent. */
  failed(request: PlainRequest, error: unknown): Reply
  /** Takes a connection over whose next request is not plain; the bytes come before those that the socket has yet. */
  handOver(socket: Socket, bytes: Buffer): void
  done(outcome: PlainOutcome): void
}

/** The status of what `failed()` makes. */
const FAILED = 500
/** Bytes of requests that a client may send ahead. */
const MOST_AHEAD = 64 * 1024

/**
 * A connection on which plain requests come: they are read and answered here, which costs a fifth of what `node:http`
 * takes for the same. With the first one that is not plain, or does not come in one piece, the connection is handed over.
 */
export class PlainConnection {
  readonly #socket: Socket
  readonly #service: PlainService
  readonly peer: HttpPeer
  #bytes: Buffer = Buffer.alloc(0)
  #state: 'first' | 'next' | 'answer' | 'over' = 'first'
  #ended = false
  #gone: AbortController | undefined
  #answering: Promise<void> | undefined
  #quietSince: number | undefined
  #moved = (): void => {
    this.#quietSince = undefined
  }
  #onData = (bytes: Buffer): void => this.#receive(bytes)
  #onEnd = (): void => this.#end()
  #onError = (): void => undefined // 'close' follows

  constructor(socket: Socket, service: PlainService) {
    this.#socket = socket
    this.#service = service
    this.peer = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 }
    socket.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError)
  }

  /** Closes the connection if nothing has moved on it for too long. To be called now and then. @param now milliseconds */
  check(now: number): void {
    this.#quietSince ??= now
    if (this.#state !== 'over' && now - this.#quietSince >= this.#service.patience[this.#state]) this.#socket.destroy()
  }

  /** The address of ours that the client talks to. */
  get localAddress(): string {
    return this.#socket.localAddress ?? ''
  }
  /** Aborts when the connection is closed. */
  get signal(): AbortSignal {
    if (this.#gone !== undefined) return this.#gone.signal
    const gone = new AbortController()
    if (this.#socket.destroyed) gone.abort(new ClientGone())
    this.#socket.once('close', () => gone.abort(new ClientGone()))
    this.#gone = gone
    return gone.signal
  }
  /** Breaks off what is being sent and waits for it. Of a connection that was handed over it closes nothing. */
  async close(): Promise<void> {
    if (this.#state !== 'over') this.#socket.destroy()
    await this.#answering
  }

  #receive(bytes: Buffer): void {
    if (this.#state === 'over') return // what comes after the last answer
    this.#moved()
    this.#bytes = this.#bytes.byteLength === 0 ? bytes : Buffer.concat([this.#bytes, bytes])
    if (this.#state === 'answer') {
      if (this.#bytes.byteLength > MOST_AHEAD) this.#socket.pause()
    } else this.#next()
  }
  #end(): void {
    this.#ended = true
    if (this.#state === 'first' || this.#state === 'next') this.#socket.end()
  }

  /** Answers the next request, if there is one. */
  #next(): void {
    if (this.#bytes.byteLength === 0) {
      if (this.#ended) this.#socket.end()
      return
    }
    const request = readPlainRequest(this.#bytes)
    if (request === undefined) return this.#leave()
    this.#bytes = this.#bytes.subarray(request.length)
    this.#state = 'answer'
    this.#answering = this.#answer(request)
  }
  #leave(): void {
    this.#state = 'over'
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('error', this.#onError)
    this.#service.handOver(this.#socket, this.#bytes)
  }

  async #answer(request: PlainRequest): Promise<void> {
    const began = performance.now()
    const tally: Tally = { bytes: 0 }
    let [status, complete, goesOn]: [number | undefined, boolean, boolean] = [undefined, false, false]
    try {
      const answer = await this.#service.ask(request, this)
      try {
        const reply = replyTo(request, answer)
        status = reply.status
        goesOn = await this.#send(request, reply, tally)
        complete = true
      } finally {
        if (answer?.kind === 'source') await answer.source.close()
      }
    } catch (error) {
      complete = await this.#fail(request, error, status === undefined ? tally : undefined)
      status ??= complete ? FAILED : undefined
    }
    this.#service.done({ peer: this.peer, request, status, bytes: tally.bytes, complete, began })
    this.#finish(goesOn)
  }
  /** Whether the connection can be used again. */
  async #send(request: PlainRequest, reply: Reply, tally: Tally): Promise<boolean> {
    const isChunkedReply = isChunked(reply, request)
    const hasEnd = isChunkedReply || reply.body.kind !== 'stream' || reply.headers['Content-Length'] !== undefined
    const goesOn = request.keepAlive && hasEnd && reply.headers['Connection'] !== 'close'
    const timeout = Math.floor(this.#service.patience.next / 1000)
    const keepAlive = goesOn ? `Connection: keep-alive\r\nKeep-Alive: timeout=${timeout}\r\n` : 'Connection: close\r\n'
    const head = headOf(reply, keepAlive, isChunkedReply)
    const { direct, memory } = this.#service
    const sink = new PlainSink(this.#socket, head, { direct, chunked: isChunkedReply, moved: this.#moved })
    await sendBody(reply, sink, memory, tally)
    const rest = sink.end()
    if (rest !== undefined) await rest
    return goesOn
  }
  /** Whether an error was answered. With bytes on the way the connection is broken off, so that the client sees it. */
  async #fail(request: PlainRequest, error: unknown, tally: Tally | undefined): Promise<boolean> {
    const reply = this.#service.failed(request, error)
    try {
      if (tally === undefined || this.#socket.destroyed) throw new ClientGone()
      await this.#send({ ...request, keepAlive: false }, reply, tally)
      return true
    } catch {
      this.#socket.destroy()
      return false
    }
  }
  #finish(goesOn: boolean): void {
    if (this.#socket.destroyed) return
    if (!goesOn) {
      this.#state = 'over'
      this.#socket.destroySoon()
      return
    }
    this.#state = 'next'
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#next()
  }
}
