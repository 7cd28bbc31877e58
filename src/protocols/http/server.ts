import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { HotChunks } from '../../storage/hot-chunks.ts'
import { explainBindError } from '../../sys/bind-error.ts'
import { DirectSender } from '../../sys/direct-sender.ts'
import { type Logger, silent } from '../../sys/log.ts'
import type { HttpAnswer, HttpPeer, HttpRequest, ResponseReport, Route } from './answer.ts'
import { type BodyMemory, ClientGone } from './body.ts'
import { BufferPool } from './buffer-pool.ts'
import type { PlainOutcome } from './plain-connection.ts'
import { PlainConnections } from './plain-connections.ts'
import { type Question, type Reply, shorten, textReply } from './reply.ts'
import { type Exchange, respond, sendReply } from './respond.ts'
import { readTarget } from './target.ts'

export interface HttpServerOptions {
  readonly route: Route
  readonly host?: string
  /** 0 takes any free one. */
  readonly port?: number
  /** Called once for each request that could be read, when it is over. */
  readonly onResponse?: (report: ResponseReport) => void
  readonly log?: Logger
  /** Connections at one time; more are closed as they come. */
  readonly maxConnections?: number
  /** A key and the certificates that go with it, in PEM: then it is HTTPS. */
  readonly tls?: { readonly key: string; readonly cert: string }
  /** What several clients read, once in memory; others may share it. */
  readonly chunks?: HotChunks
  /** Milliseconds in which nothing moves on a connection before it is closed. */
  readonly idleMs?: number
}

/** Milliseconds in which a client has to say what it wants. */
const HEADERS_MS = 15_000
const REQUEST_MS = 60_000
/** Milliseconds that a connection is kept for the next request: GRUB and iPXE take their time between files. */
const KEEP_ALIVE_MS = 20_000

const BEHAVIOUR = {
  headersTimeout: HEADERS_MS,
  requestTimeout: REQUEST_MS,
  keepAliveTimeout: KEEP_ALIVE_MS,
  requireHostHeader: false, // some firmware sends none
  noDelay: true,
} as const

/** Who asks. */
type Asker = Pick<HttpRequest, 'peer' | 'localAddress' | 'signal'>

/** What became of a request. */
interface Outcome extends Pick<ResponseReport, 'peer' | 'status' | 'bytes' | 'complete'> {
  readonly began: number
}

/** What a connection that sent nonsense is told before it is closed. */
const CLIENT_ERRORS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** An HTTP/1.1 server for booting machines. Bound once `listen()` resolves, idle once `close()` does. */
export class HttpServer implements AsyncDisposable {
  readonly #options: HttpServerOptions
  readonly #log: Logger
  readonly #server: Server
  readonly #memory: BodyMemory
  readonly #plain: PlainConnections | undefined
  readonly #stop = new AbortController()
  readonly #tasks = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  /**
   * Binds the port.
   *
   * @throws {BindError} which says who has the port, or which right is missing
   */
  static async listen(options: HttpServerOptions): Promise<HttpServer> {
    const { host = '0.0.0.0', port = 80, tls } = options
    const server = tls === undefined ? createServer(BEHAVIOUR) : createTlsServer({ ...BEHAVIOUR, ...tls })
    try {
      server.listen(port, host)
      await once(server, 'listening')
    } catch (error) {
      throw await explainBindError(error, { protocol: 'tcp', port, action: `serve HTTP on ${host}` })
    }
    return new HttpServer(server, options, await DirectSender.load())
  }

  private constructor(server: Server, options: HttpServerOptions, direct: DirectSender | undefined) {
    this.#server = server
    this.#options = options
    this.#log = options.log ?? silent
    this.#memory = { pool: new BufferPool(), chunks: options.chunks ?? new HotChunks() }
    const { idleMs = 60_000 } = options
    server.maxConnections = options.maxConnections ?? 2000
    server.setTimeout(idleMs) // closes the connection: no listener is given
    server.on('error', (error) => this.#log.warn('HTTP socket error', { error }))
    server.on('clientError', refuseNonsense)
    server.on('tlsClientError', (_, socket) => socket.destroy()) // plain HTTP on this port, or no common cipher
    server.on('request', (request, response) => this.#receive(request, response))
    if (options.tls === undefined) this.#plain = this.#plainConnections(direct, idleMs)
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }
  /** Stops listening, breaks off running responses and waits for them. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    this.#stop.abort(new Error('HTTP server stopped'))
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    await this.#plain?.close()
    await Promise.allSettled(this.#tasks)
    await closed
  }

  #plainConnections(direct: DirectSender | undefined, idleMs: number): PlainConnections {
    const service = {
      memory: this.#memory,
      direct,
      patience: { first: Math.min(HEADERS_MS, idleMs), next: Math.min(KEEP_ALIVE_MS, idleMs), answer: idleMs },
      ask: (request: Question, connection: Asker) => this.#ask(request, connection),
      failed: (request: Question, error: unknown) => this.#failed(request, error),
      done: ({ request, status = 200, ...rest }: PlainOutcome) => this.#report(request, { ...rest, status }),
    }
    return new PlainConnections(this.#server, service, (socket) => refuseNonsense(new Error('cut off'), socket))
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now()
    const { method = '', url = '', headers } = request
    const question = { method, url, headers }
    const exchange: Exchange = { request, response, memory: this.#memory, tally: { bytes: 0 } }
    const { remoteAddress: address = '', remotePort: port = 0 } = request.socket // not known any more once it is closed
    const finished = whenOver(request.socket, response)
    const task: Promise<void> = this.#answer(exchange, question, { address, port })
      .then(() => finished)
      .then((complete) => {
        const { bytes } = exchange.tally
        this.#report(question, { peer: { address, port }, status: response.statusCode, bytes, complete, began })
      })
      .finally(() => this.#tasks.delete(task))
    this.#tasks.add(task)
  }

  async #answer(exchange: Exchange, question: Question, peer: HttpPeer): Promise<void> {
    const { request, response } = exchange
    const signalOf = (): AbortSignal => this.#signalOf(response)
    const asker: Asker = {
      peer,
      get localAddress() {
        return request.socket.localAddress ?? ''
      },
      get signal() {
        return signalOf()
      },
    }
    try {
      await respond(exchange, await this.#ask(question, asker))
    } catch (error) {
      const reply = this.#failed(question, error)
      if (response.headersSent || response.destroyed) response.destroy()
      else await sendReply(exchange, reply).catch(() => response.destroy())
    }
  }

  async #ask({ method, url, headers }: Question, asker: Asker): Promise<HttpAnswer | undefined> {
    const target = readTarget(url)
    if (target === undefined) return { kind: 'text', status: 400, text: `Cannot read the path ${shorten(url)}` }
    return this.#options.route({
      method,
      url,
      ...target,
      headers,
      peer: asker.peer,
      get localAddress() {
        return asker.localAddress
      },
      get signal() {
        return asker.signal // few routes look at it, and it costs as much as a small answer
      },
    })
  }

  /** Aborts when the client is gone or the server is closed. */
  #signalOf(response: ServerResponse): AbortSignal {
    const gone = new AbortController()
    const stop = (): void => gone.abort(this.#stop.signal.reason)
    if (response.destroyed) gone.abort(new ClientGone())
    response.once('close', () => gone.abort(new ClientGone()))
    this.#stop.signal.addEventListener('abort', stop, { once: true, signal: gone.signal })
    return gone.signal
  }

  /** What is answered if no byte was sent before; else the connection is broken off, so that the client sees it. */
  #failed(question: Question, error: unknown): Reply {
    if (!(error instanceof ClientGone)) this.#log.warn('HTTP request failed', { url: question.url, error })
    const text = 'Cannot answer: the server had an error, see its log'
    return textReply(question, { kind: 'text', status: 500, text })
  }

  #report({ method, url, headers }: Question, { peer, status, bytes, complete, began }: Outcome): void {
    const milliseconds = performance.now() - began
    this.#log.info('HTTP', { peer: peer.address, method, url: shorten(url), status, bytes, complete })
    try {
      const userAgent = headers['user-agent'] ?? ''
      this.#options.onResponse?.({ peer, method, url, status, bytes, milliseconds, complete, userAgent })
    } catch (error) {
      this.#log.error('onResponse failed', { error })
    }
  }
}

/** Whether all was sent, once it is sent or the client is gone. A response that still waits its turn has no end of its own. */
function whenOver(socket: Socket, response: ServerResponse): Promise<boolean> {
  socket.setMaxListeners(0) // a client may ask ahead
  return new Promise((resolve) => {
    const over = (): void => {
      socket.off('close', over)
      resolve(response.writableFinished)
    }
    socket.once('close', over)
    response.once('close', over)
  })
}

/** A request that cannot be read ends its connection, with a word why. */
function refuseNonsense(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const status = CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request'
  const text = `Cannot read the request: ${status}\n`
  const head = `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: ${text.length}`
  socket.end(`${head}\r\n\r\n${text}`, () => socket.destroy())
}
