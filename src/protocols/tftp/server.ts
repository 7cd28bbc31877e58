import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { explainBindError } from '../../sys/bind-error.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import { HotChunks } from '../../storage/hot-chunks.ts'
import { Answer, type OpenTftpFile } from './answer.ts'
import { type Channel, openOwnPort } from './channel.ts'
import { Limits } from './limits.ts'
import {
  decodeReadRequest,
  encodeError,
  ERROR_CODE,
  OPCODE,
  opcodeOf,
  type ReadRequest,
  type TftpError,
} from './packet.ts'
import { TftpRefusal } from './refusal.ts'
import { keyOf, type TftpPeer, type TransferReport } from './report.ts'
import { SharedPort } from './shared-port.ts'

export interface TftpServerOptions {
  readonly open: OpenTftpFile
  /** Address that is served, and that transfers answer from. With `0.0.0.0` the routes choose the latter. */
  readonly host?: string
  /** 0 takes any free one. */
  readonly port?: number
  /** A bound socket that was inherited, as from xinetd; then host and port are its own. */
  readonly fd?: number
  /** Called once for each request to read, when it is over. */
  readonly onTransfer?: (report: TransferReport) => void
  readonly log?: Logger
  /** Everything goes out from the server's own port, for the sake of firewalls; else each transfer has a port. */
  readonly onePort?: boolean
  /** What several clients read, once in memory; others may share it. */
  readonly chunks?: HotChunks
  /** Transfers at one time, each with a socket and a file; 2000 if not given. */
  readonly maxTransfers?: number
  /** Transfers at one time to one address; behind a router many machines may share one. 250 if not given. */
  readonly maxTransfersPerPeer?: number
  /** Requests that are answered in one second; 5000 if not given. */
  readonly maxPerSecond?: number
}

/** A request that is being answered. */
interface Running {
  readonly datagram: Uint8Array
  readonly answer: Answer
}

/** Transfers that were never confirmed, of all addresses: the oldest of more make way, for a client that lives confirms. */
const MOST_UNCONFIRMED = 512
/** Milliseconds without progress after which the same request from the same port is a machine that was restarted. */
const STALE_MS = 2000

/** A read-only TFTP server, RFC 1350. Bound once `listen()` resolves, idle once `close()` does. */
export class TftpServer implements AsyncDisposable {
  readonly #options: TftpServerOptions
  readonly #log: Logger
  readonly #socket: Socket
  /** By `address:port` of the client. */
  readonly #running = new Map<string, Running>()
  /** Those of them that were never confirmed, the oldest first. */
  readonly #unconfirmed = new Map<string, Answer>()
  readonly #limits: Limits
  readonly #chunks: HotChunks
  readonly #shared: SharedPort
  readonly #tasks = new Set<Promise<void>>()
  #lastAt = performance.now()
  #closed: Promise<void> | undefined

  /**
   * Binds the port.
   *
   * @throws {BindError} which says who has the port, or which right is missing
   */
  static async listen(options: TftpServerOptions): Promise<TftpServer> {
    const { host = '0.0.0.0', port = 69, fd } = options
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
    try {
      const listening = once(socket, 'listening') // before bind(), which with `fd` emits it at once
      socket.bind({ ...(fd === undefined ? { port, address: host } : { fd }), exclusive: true })
      await listening
    } catch (error) {
      socket.close()
      throw await explainBindError(error, { protocol: 'udp', port, action: `serve TFTP on ${host}` })
    }
    return new TftpServer(socket, options)
  }

  private constructor(socket: Socket, options: TftpServerOptions) {
    this.#socket = socket
    this.#options = options
    this.#log = options.log ?? silent
    this.#chunks = options.chunks ?? new HotChunks()
    this.#shared = new SharedPort(socket)
    const { maxTransfers = 2000, maxTransfersPerPeer = 250, maxPerSecond = 5000 } = options
    this.#limits = new Limits({ maxTransfers, maxTransfersPerPeer, maxPerSecond })
    socket.on('error', (error) => this.#log.warn('TFTP socket error', { error }))
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
  }

  get port(): number {
    return this.#socket.address().port
  }
  /** Milliseconds since something was last asked for, or was still on its way. */
  get idleMs(): number {
    return this.#tasks.size > 0 ? 0 : performance.now() - this.#lastAt
  }
  /** Stops listening, aborts running transfers and waits for them. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    for (const { answer } of this.#running.values()) answer.stop('the server was stopped')
    await Promise.allSettled(this.#tasks)
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }

  /** What is neither RRQ nor WRQ is noise on this port and gets no answer: two servers must not answer each other. */
  #receive(datagram: Uint8Array, { address, port }: RemoteInfo): void {
    if (this.#closed !== undefined || port === 0) return
    const peer = { address, port }
    const opcode = opcodeOf(datagram)
    if (opcode !== OPCODE.readRequest && opcode !== OPCODE.writeRequest) return this.#shared.receive(datagram, peer)
    if (!this.#limits.takes(address, performance.now())) return
    if (opcode === OPCODE.readRequest) this.#requested(datagram, peer)
    else this.#sendError(peer, { code: ERROR_CODE.accessViolation, text: 'Cannot write: this server only sends files' })
  }

  #requested(datagram: Uint8Array, peer: TftpPeer): void {
    let request: ReadRequest
    try {
      request = decodeReadRequest(datagram)
    } catch (error) {
      this.#log.debug('malformed TFTP request', { peer: peer.address, error })
      const text = error instanceof WireError ? error.message : 'Cannot read the request'
      this.#sendError(peer, { code: ERROR_CODE.illegalOperation, text })
      return
    }
    if (!this.#isRepeated(datagram, peer)) this.#begin(datagram, request, peer)
  }

  /**
   * Whether a transfer is under way for this very request: it sends again what was lost, a second one would only
   * confuse the client (RFC 1350 §4). Another request from the same port, or one after a silence, replaces it.
   */
  #isRepeated(datagram: Uint8Array, peer: TftpPeer): boolean {
    const running = this.#running.get(keyOf(peer))
    if (running === undefined) return false
    const same = Buffer.compare(running.datagram, datagram) === 0 && !running.answer.isStale(STALE_MS)
    if (same) running.answer.repeat()
    else running.answer.stop('the client began anew')
    return same
  }

  #begin(datagram: Uint8Array, request: ReadRequest, peer: TftpPeer): void {
    const key = keyOf(peer)
    const answer = this.#answerOf(request, peer)
    const running = { datagram, answer }
    this.#running.set(key, running)
    const task: Promise<void> = answer
      .run()
      .then((report) => this.#report(report))
      .catch((error: unknown) => this.#log.error('onTransfer failed', { error }))
      .finally(() => {
        this.#tasks.delete(task)
        this.#lastAt = performance.now()
        this.#confirmed(key, answer, peer)
        this.#limits.ended(peer.address)
        if (this.#running.get(key) === running) this.#running.delete(key) // it may have been replaced
      })
    this.#tasks.add(task)
  }

  #answerOf(request: ReadRequest, peer: TftpPeer): Answer {
    const key = keyOf(peer)
    const busy = this.#limits.busyText(peer.address)
    const refuse = (): never => {
      throw new TftpRefusal(ERROR_CODE.undefined, busy ?? '')
    }
    const answer = new Answer({
      request,
      peer,
      open: busy === undefined ? this.#options.open : refuse,
      openChannel: (signal) => this.#openChannel(peer, signal),
      chunks: this.#chunks,
      onConfirmed: () => this.#confirmed(key, answer, peer),
      sendError: (error) => this.#sendError(peer, error),
    })
    this.#limits.began(peer.address)
    this.#unconfirmed.set(key, answer)
    this.#makeWay()
    return answer
  }

  async #openChannel(peer: TftpPeer, signal: AbortSignal): Promise<Channel> {
    const { onePort = false, host = '0.0.0.0' } = this.#options
    return onePort ? this.#shared.open(peer) : openOwnPort({ peer, host, signal })
  }

  #confirmed(key: string, answer: Answer, { address }: TftpPeer): void {
    if (!answer.confirm()) return
    this.#limits.confirmed(address)
    if (this.#unconfirmed.get(key) === answer) this.#unconfirmed.delete(key)
  }

  #makeWay(): void {
    if (this.#unconfirmed.size <= MOST_UNCONFIRMED) return
    for (const [key, answer] of this.#unconfirmed) {
      this.#unconfirmed.delete(key)
      answer.drop()
      return
    }
  }

  #report(report: TransferReport): void {
    const { peer, filename, outcome, text, bytes, milliseconds } = report
    const fields = { peer: peer.address, filename, outcome, bytes, milliseconds: Math.round(milliseconds) }
    this.#log[outcome === 'failed' ? 'warn' : 'info']('TFTP', text === '' ? fields : { ...fields, text })
    this.#options.onTransfer?.(report)
  }

  #sendError(peer: TftpPeer, error: TftpError): void {
    this.#socket.send(encodeError(error), peer.port, peer.address, () => undefined) // lost ones are asked for again
  }
}
