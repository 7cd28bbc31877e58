import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { explainBindError } from '../../sys/bind-error.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import { Answer, type OpenTftpFile } from './answer.ts'
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
import type { TftpPeer, TransferReport } from './report.ts'

export interface TftpServerOptions {
  readonly open: OpenTftpFile
  /** Address that is served, and that transfers answer from. With `0.0.0.0` the routes choose the latter. */
  readonly host?: string
  /** 0 takes any free one. */
  readonly port?: number
  /** Called once for each request to read, when it is over. */
  readonly onTransfer?: (report: TransferReport) => void
  readonly log?: Logger
  /** Transfers at one time, each with a socket, a file and at most 128 KiB of blocks; 1000 if not given. */
  readonly maxTransfers?: number
  /** Transfers at one time to one address; behind a router many machines may share one. 250 if not given. */
  readonly maxTransfersPerPeer?: number
}

/** A request that is being answered. */
interface Running {
  readonly datagram: Uint8Array
  readonly address: string
  readonly answer: Answer
}

/** Milliseconds without progress after which the same request from the same port is a machine that was restarted. */
const STALE_MS = 2000

/** A read-only TFTP server, RFC 1350. Bound once `listen()` resolves, idle once `close()` does. */
export class TftpServer implements AsyncDisposable {
  readonly #options: TftpServerOptions
  readonly #log: Logger
  readonly #socket: Socket
  /** By `address:port` of the client. */
  readonly #running = new Map<string, Running>()
  readonly #tasks = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  /**
   * Binds the port.
   *
   * @throws {BindError} which says who has the port, or which right is missing
   */
  static async listen(options: TftpServerOptions): Promise<TftpServer> {
    const { host = '0.0.0.0', port = 69 } = options
    const socket = createSocket('udp4')
    try {
      socket.bind({ port, address: host, exclusive: true })
      await once(socket, 'listening')
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
    socket.on('error', (error) => this.#log.warn('TFTP socket error', { error }))
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
  }

  get port(): number {
    return this.#socket.address().port
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
    const opcode = opcodeOf(datagram)
    if (opcode === OPCODE.readRequest) this.#requested(datagram, { address, port })
    if (opcode === OPCODE.writeRequest) {
      const text = 'Cannot write: this server only sends files'
      this.#sendError({ address, port }, { code: ERROR_CODE.accessViolation, text })
    }
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
    if (Buffer.compare(running.datagram, datagram) === 0 && !running.answer.isStale(STALE_MS)) return true
    running.answer.stop('the client began anew')
    return false
  }

  #begin(datagram: Uint8Array, request: ReadRequest, peer: TftpPeer): void {
    const key = keyOf(peer)
    const busy = this.#busyText(peer)
    const { open, host = '0.0.0.0' } = this.#options
    const refuse = (): never => {
      throw new TftpRefusal(ERROR_CODE.undefined, busy ?? '')
    }
    const sendError = (error: TftpError): void => this.#sendError(peer, error)
    const answer = new Answer({ request, peer, host, open: busy === undefined ? open : refuse, sendError })
    const running = { datagram, address: peer.address, answer }
    this.#running.set(key, running)
    const task: Promise<void> = answer
      .run()
      .then((report) => this.#report(report))
      .catch((error: unknown) => this.#log.error('onTransfer failed', { error }))
      .finally(() => {
        this.#tasks.delete(task)
        if (this.#running.get(key) === running) this.#running.delete(key) // it may have been replaced
      })
    this.#tasks.add(task)
  }

  /** What a client is told while there are too many transfers; undefined if there is room. */
  #busyText({ address }: TftpPeer): string | undefined {
    const { maxTransfers = 1000, maxTransfersPerPeer = 250 } = this.#options
    if (this.#tasks.size >= maxTransfers) return `Server busy: ${maxTransfers} transfers are running, try again later`
    let ofPeer = 0
    for (const running of this.#running.values()) if (running.address === address) ofPeer += 1
    if (ofPeer < maxTransfersPerPeer) return undefined
    return `Server busy: ${maxTransfersPerPeer} transfers to ${address} are running, try again later`
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

function keyOf({ address, port }: TftpPeer): string {
  return `${address}:${port}`
}
