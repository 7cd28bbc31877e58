import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { HotChunks } from '../../storage/hot-chunks.ts'
import { explainBindError } from '../../sys/bind-error.ts'
import { type Logger, silent } from '../../sys/log.ts'
import type { HttpRequest, ResponseReport, Route } from './answer.ts'
import { ClientGone } from './body.ts'
import { BufferPool } from './buffer-pool.ts'
import { type Exchange, respond, sendText, shorten } from './respond.ts'
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
  readonly #pool = new BufferPool()
  readonly #chunks: HotChunks
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
    return new HttpServer(server, options)
  }

  private constructor(server: Server, options: HttpServerOptions) {
    this.#server = server
    this.#options = options
    this.#log = options.log ?? silent
    this.#chunks = options.chunks ?? new HotChunks()
    server.maxConnections = options.maxConnections ?? 2000
    server.setTimeout(options.idleMs ?? 60_000) // closes the connection: no listener is given
    server.on('error', (error) => this.#log.warn('HTTP socket error', { error }))
    server.on('clientError', refuseNonsense)
    server.on('tlsClientError', (_, socket) => socket.destroy()) // plain HTTP on this port, or no common cipher
    server.on('request', (request, response) => this.#receive(request, response))
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
    await Promise.allSettled(this.#tasks)
    await closed
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const began = performance.now()
    const exchange: Exchange = { request, response, pool: this.#pool, chunks: this.#chunks, tally: { bytes: 0 } }
    const { remoteAddress: address = '', remotePort: port = 0 } = request.socket // not known any more once it is closed
    const finished = new Promise<boolean>((resolve) => {
      response.once('close', () => resolve(response.writableFinished))
    })
    const task: Promise<void> = this.#answer(exchange, { address, port })
      .catch((error: unknown) => this.#failed(exchange, error))
      .then(() => finished)
      .then((complete) => this.#report(exchange, { address, port }, began, complete))
      .catch((error: unknown) => this.#log.error('onResponse failed', { error }))
      .finally(() => this.#tasks.delete(task))
    this.#tasks.add(task)
  }

  async #answer(exchange: Exchange, peer: HttpRequest['peer']): Promise<void> {
    const { request, response } = exchange
    const { method = '', url = '', headers } = request
    const target = readTarget(url)
    if (target === undefined) {
      sendText(exchange, { kind: 'text', status: 400, text: `Cannot read the path ${shorten(url)}` })
      return
    }
    const signalOf = (): AbortSignal => this.#signalOf(response)
    const asked: HttpRequest = {
      method,
      url,
      ...target,
      headers,
      peer,
      get localAddress() {
        return request.socket.localAddress ?? ''
      },
      get signal() {
        return signalOf() // few routes look at it, and it costs as much as a small answer
      },
    }
    await respond(exchange, await this.#options.route(asked))
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

  /** What failed before a byte was sent is answered 500; else the connection is broken off, so that the client sees it. */
  #failed(exchange: Exchange, error: unknown): void {
    const { request, response } = exchange
    if (!(error instanceof ClientGone)) this.#log.warn('HTTP request failed', { url: request.url ?? '', error })
    if (response.headersSent || response.destroyed) response.destroy()
    else sendText(exchange, { kind: 'text', status: 500, text: 'Cannot answer: the server had an error, see its log' })
  }

  #report({ request, response, tally }: Exchange, peer: HttpRequest['peer'], began: number, complete: boolean): void {
    const report: ResponseReport = {
      peer,
      method: request.method ?? '',
      url: request.url ?? '',
      status: response.statusCode,
      bytes: tally.bytes,
      milliseconds: performance.now() - began,
      complete,
      userAgent: request.headers['user-agent'] ?? '',
    }
    const { method, url, status, bytes } = report
    this.#log.info('HTTP', { peer: peer.address, method, url: shorten(url), status, bytes, complete })
    this.#options.onResponse?.(report)
  }
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
