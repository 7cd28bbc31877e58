import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { ByteSource } from '../../storage/byte-source.ts'
import type { Agreement } from './negotiate.ts'
import {
  DATA_HEADER_LENGTH,
  decodeAck,
  decodeError,
  encodeError,
  encodeOptionAck,
  ERROR_CODE,
  OPCODE,
  opcodeOf,
  putDataHeader,
} from './packet.ts'
import type { TftpPeer, TransferOutcome } from './report.ts'
import { TransferSession } from './session.ts'

export interface TransferOptions {
  readonly source: ByteSource
  readonly agreement: Agreement
  readonly peer: TftpPeer
  /** The address the client asked, so that the answer comes from it; `0.0.0.0` leaves it to the routes. */
  readonly host: string
  readonly signal: AbortSignal
}

/** How it ended, and the words of an error. */
export interface TransferEnd {
  readonly outcome: TransferOutcome
  readonly text: string
}

/** One file on its way to one client, on a port of its own (RFC 1350 §4). Holds one window of blocks in memory. */
export class Transfer {
  readonly #options: TransferOptions
  readonly #socket: Socket
  readonly #session: TransferSession
  readonly #ended = Promise.withResolvers<TransferEnd>()
  /** One place per block of a window, so that a block still in the socket's queue is not overwritten. */
  readonly #slots: readonly Uint8Array[]
  #timer: NodeJS.Timeout | undefined
  /** When the timer goes off. */
  #alarm = Number.POSITIVE_INFINITY
  #sending = false
  #over = false

  /**
   * Opens the socket of a transfer.
   *
   * @throws the system's error if there is none to be had
   */
  static async open(options: TransferOptions): Promise<Transfer> {
    const socket = createSocket('udp4')
    try {
      socket.bind(0, options.host)
      await once(socket, 'listening', { signal: options.signal })
      socket.connect(options.peer.port, options.peer.address) // the kernel keeps strangers out
      await once(socket, 'connect', { signal: options.signal })
      return new Transfer(socket, options)
    } catch (error) {
      socket.close()
      throw error
    }
  }

  private constructor(socket: Socket, options: TransferOptions) {
    const { blockSize, windowSize, timeoutMs, accepted } = options.agreement
    const size = options.source.size
    this.#options = options
    this.#socket = socket
    this.#slots = slotsFor(blockSize, Math.min(windowSize, Math.floor(size / blockSize) + 1))
    this.#session = new TransferSession({
      size,
      blockSize,
      windowSize,
      optionAck: accepted.size > 0,
      timeoutMs,
      now: performance.now(),
    })
  }

  get blockSize(): number {
    return this.#options.agreement.blockSize
  }
  get windowSize(): number {
    return this.#options.agreement.windowSize
  }
  get retransmissions(): number {
    return this.#session.retransmissions
  }
  get confirmedBlocks(): number {
    return this.#session.confirmedBlocks
  }
  get confirmedBytes(): number {
    return Math.min(this.#options.source.size, this.confirmedBlocks * this.#options.agreement.blockSize)
  }
  /** True if the client once answered, but has confirmed nothing for so long that it may have been restarted. */
  isStale(milliseconds: number): boolean {
    return this.#session.answered && performance.now() - this.#session.progressAt > milliseconds
  }

  /** Sends the file; resolves when the transfer is over and its socket closed. */
  async run(): Promise<TransferEnd> {
    const { signal } = this.#options
    const stop = (): void => this.#refuse('stopped', reasonOf(signal))
    signal.addEventListener('abort', stop, { once: true })
    this.#socket.on('message', (datagram) => this.#receive(datagram))
    this.#socket.on('error', (error: NodeJS.ErrnoException) => this.#socketFailed(error))
    if (signal.aborted) stop()
    this.#proceed()
    const end = await this.#ended.promise
    signal.removeEventListener('abort', stop)
    return end
  }

  #receive(datagram: Uint8Array): void {
    if (this.#over) return
    const opcode = opcodeOf(datagram)
    if (opcode === OPCODE.ack && datagram.byteLength >= DATA_HEADER_LENGTH) {
      this.#session.acknowledge(decodeAck(datagram), performance.now())
      this.#proceed()
    } else if (opcode === OPCODE.error && datagram.byteLength >= DATA_HEADER_LENGTH) {
      this.#end(this.#broken('aborted-by-client'), decodeError(datagram).text)
    } // all else is noise: it ends nothing
  }

  /**
   * Sends what is due, then waits for an ACK or the clock. A read that takes time goes on by itself, and ACKs come in
   * meanwhile; one that does not costs no promise, because there are tens of thousands of blocks.
   */
  #proceed(): void {
    if (this.#sending || this.#over) return
    try {
      for (;;) {
        const block = this.#session.nextBlock(performance.now())
        if (block === undefined) break
        const sent = this.#send(block)
        if (sent !== undefined) return this.#proceedAfter(sent)
      }
    } catch (error) {
      return this.#readFailed(error)
    }
    this.#settle()
  }

  #proceedAfter(sent: Promise<void>): void {
    this.#sending = true
    sent
      .finally(() => {
        this.#sending = false
      })
      .then(() => this.#proceed())
      .catch((error: unknown) => this.#readFailed(error))
  }

  #readFailed(error: unknown): void {
    this.#refuse('failed', `cannot read the file: ${error instanceof Error ? error.message : String(error)}`)
  }

  /** Nothing is due: the transfer is over, or waits. */
  #settle(): void {
    if (this.#session.state === 'complete') this.#end('complete')
    else if (this.#session.state === 'gave-up') this.#refuse('timeout', 'no acknowledgement came')
    else this.#setAlarm()
  }

  #send(block: number): Promise<void> | undefined {
    const { source, agreement } = this.#options
    if (block === 0) {
      this.#socket.send(encodeOptionAck(agreement.accepted))
      return undefined
    }
    const position = (block - 1) * agreement.blockSize
    const length = Math.min(agreement.blockSize, source.size - position)
    const slot = this.#slots[block % this.#slots.length] ?? new Uint8Array(0)
    const reading = source.read(slot.subarray(DATA_HEADER_LENGTH, DATA_HEADER_LENGTH + length), position)
    if (typeof reading !== 'number') return reading.then((found) => this.#sendData(block, slot, found, length))
    this.#sendData(block, slot, reading, length)
    return undefined
  }

  #sendData(block: number, slot: Uint8Array, found: number, length: number): void {
    if (found < length) throw new Error('it is shorter than it was')
    if (this.#over) return
    putDataHeader(slot, block)
    this.#socket.send(slot, 0, DATA_HEADER_LENGTH + length)
  }

  /** Has the clock looked at when the session wants it. An alarm that goes off too early only sets itself again. */
  #setAlarm(): void {
    if (this.#alarm <= this.#session.deadline) return
    clearTimeout(this.#timer)
    this.#alarm = this.#session.deadline
    this.#timer = setTimeout(
      () => {
        this.#alarm = Number.POSITIVE_INFINITY
        this.#session.tick(performance.now())
        this.#proceed()
      },
      Math.max(1, Math.ceil(this.#alarm - performance.now())),
    )
  }

  /** A port that is closed ends the transfer. Other errors are of one datagram, which is sent again like a lost one. */
  #socketFailed(error: NodeJS.ErrnoException): void {
    if (error.code === 'ECONNREFUSED') this.#end(this.#broken('client-gone'), 'the client closed its port')
  }

  /** Breaking off before the first block, with the size in hand, is asking the size. */
  #broken(outcome: TransferOutcome): TransferOutcome {
    const sizeOnly = this.#options.agreement.accepted.has('tsize') && this.#session.confirmedBlocks === 0
    return sizeOnly ? 'size-asked' : outcome
  }

  #refuse(outcome: TransferOutcome, text: string): void {
    if (this.#over) return
    const error = encodeError({ code: ERROR_CODE.undefined, text: `Transfer ended: ${text}` })
    this.#socket.send(error, () => this.#close())
    this.#finish(outcome, text)
  }

  #end(outcome: TransferOutcome, text = ''): void {
    if (this.#over) return
    this.#finish(outcome, text)
    this.#close()
  }

  #finish(outcome: TransferOutcome, text: string): void {
    this.#over = true
    clearTimeout(this.#timer)
    this.#ended.resolve({ outcome, text })
  }

  #close(): void {
    try {
      this.#socket.close()
    } catch {} // it is closed
  }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason.message : 'stopped'
}

/** Buffers for a window of blocks, cut out of one. */
function slotsFor(blockSize: number, count: number): readonly Uint8Array[] {
  const length = DATA_HEADER_LENGTH + blockSize
  const all = new Uint8Array(length * count)
  return Array.from({ length: count }, (_, index) => all.subarray(index * length, (index + 1) * length))
}
