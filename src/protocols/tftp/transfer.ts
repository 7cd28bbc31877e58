import type { ByteSource } from '../../storage/byte-source.ts'
import type { HotChunks } from '../../storage/hot-chunks.ts'
import { BlockReader } from './block-reader.ts'
import type { Channel } from './channel.ts'
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
import type { TransferOutcome } from './report.ts'
import { TransferSession } from './session.ts'

export interface TransferOptions {
  readonly source: ByteSource
  readonly agreement: Agreement
  readonly channel: Channel
  /** What several clients read, once in memory. */
  readonly chunks: HotChunks
  /** Called when the client confirmed something for the first time. */
  readonly onConfirmed: () => void
  readonly signal: AbortSignal
}

/** How it ended, and the words of an error. */
export interface TransferEnd {
  readonly outcome: TransferOutcome
  readonly text: string
}

/** Where blocks are put together: what is sent is the system's at once. */
const scratch = new Uint8Array(64 * 1024)

/** One file on its way to one client. Holds what its `BlockReader` does and nothing of what it sent. */
export class Transfer {
  readonly #options: TransferOptions
  readonly #channel: Channel
  readonly #reader: BlockReader
  readonly #session: TransferSession
  readonly #ended = Promise.withResolvers<TransferEnd>()
  /** The block that is being read from a slow medium. */
  #due: number | undefined
  #loading = false
  /** Bytes in `scratch` that were not sent yet. */
  #run = 0
  #timer: NodeJS.Timeout | undefined
  /** When the timer goes off. */
  #alarm = Number.POSITIVE_INFINITY
  #over = false

  constructor(options: TransferOptions) {
    const { blockSize, windowSize, timeoutMs, accepted } = options.agreement
    this.#options = options
    this.#channel = options.channel
    this.#reader = new BlockReader(options.source, options.chunks)
    this.#session = new TransferSession({
      size: options.source.size,
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

  /** Sends the file; resolves when the transfer is over and its channel closed. */
  async run(): Promise<TransferEnd> {
    const { signal } = this.#options
    const stop = (): void => this.#refuse('stopped', reasonOf(signal))
    signal.addEventListener('abort', stop, { once: true })
    this.#channel.listen({
      datagram: (datagram) => this.#receive(datagram),
      refused: () => this.#end(this.#broken('client-gone'), 'the client closed its port'),
    })
    if (signal.aborted) stop()
    this.#proceed()
    const end = await this.#ended.promise
    signal.removeEventListener('abort', stop)
    return end
  }
  /** Ends it without a word. */
  drop(): void {
    this.#end('timeout', 'dropped before it was confirmed: too many requests')
  }
  /** The client asked again before it confirmed anything: what it asked for first may be lost. */
  repeat(): void {
    if (this.#over || this.#loading) return
    this.#session.repeat(performance.now())
    this.#proceed()
  }

  #receive(datagram: Uint8Array): void {
    if (this.#over) return
    const opcode = opcodeOf(datagram)
    if (opcode === OPCODE.ack && datagram.byteLength >= DATA_HEADER_LENGTH) {
      const before = this.#session.answered
      this.#session.acknowledge(decodeAck(datagram), performance.now())
      if (!before && this.#session.answered) this.#options.onConfirmed()
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
    if (this.#loading || this.#over) return
    try {
      for (;;) {
        const block = this.#due ?? this.#session.nextBlock(performance.now())
        if (block === undefined) break
        const loading = this.#put(block)
        if (loading !== undefined) {
          this.#flush()
          return this.#proceedAfter(loading)
        }
      }
      this.#flush()
    } catch (error) {
      return this.#readFailed(error)
    }
    this.#settle()
  }

  #proceedAfter(loading: Promise<void>): void {
    this.#loading = true
    loading
      .finally(() => {
        this.#loading = false
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
    else if (this.#session.state === 'gave-up') this.#giveUp()
    else this.#setAlarm()
  }

  /** Puts a block behind those that go out next; a promise if it must be read first. */
  #put(block: number): Promise<void> | undefined {
    const { source, agreement, channel } = this.#options
    if (block === 0) {
      channel.send(encodeOptionAck(agreement.accepted))
      return undefined
    }
    const position = (block - 1) * agreement.blockSize
    const length = Math.min(agreement.blockSize, source.size - position)
    if (this.#run + DATA_HEADER_LENGTH + length > scratch.byteLength) this.#flush()
    const start = this.#run + DATA_HEADER_LENGTH
    const place = scratch.subarray(start, start + length)
    while (!this.#reader.copy(place, position)) {
      const loading = this.#reader.load(position, length)
      this.#due = loading === undefined ? undefined : block
      if (loading !== undefined) return loading
    }
    this.#due = undefined
    putDataHeader(scratch.subarray(this.#run), block)
    this.#run = start + length
    return undefined
  }

  #flush(): void {
    if (this.#run > 0 && !this.#over) {
      this.#channel.sendRun(scratch.subarray(0, this.#run), DATA_HEADER_LENGTH + this.#options.agreement.blockSize)
    }
    this.#run = 0
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

  /** Breaking off before the first block, with the size in hand, is asking the size. */
  #broken(outcome: TransferOutcome): TransferOutcome {
    const sizeOnly = this.#options.agreement.accepted.has('tsize') && this.#session.confirmedBlocks === 0
    return sizeOnly ? 'size-asked' : outcome
  }

  /** Who never answered is told nothing more: perhaps he never asked. */
  #giveUp(): void {
    const text = 'no acknowledgement came'
    if (this.#session.answered) this.#refuse('timeout', text)
    else this.#end('timeout', `Transfer ended: ${text}`)
  }

  #refuse(outcome: TransferOutcome, text: string): void {
    if (this.#over) return
    this.#channel.send(encodeError({ code: ERROR_CODE.undefined, text: `Transfer ended: ${text}` }))
    this.#end(outcome, text)
  }

  #end(outcome: TransferOutcome, text = ''): void {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#channel.close()
    this.#ended.resolve({ outcome, text })
  }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason
  return reason instanceof Error ? reason.message : 'stopped'
}
