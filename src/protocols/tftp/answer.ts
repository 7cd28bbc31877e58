import type { ByteSource } from '../../storage/byte-source.ts'
import type { HotChunks } from '../../storage/hot-chunks.ts'
import type { Channel } from './channel.ts'
import { negotiate } from './negotiate.ts'
import { netasciiSource } from './netascii.ts'
import { ERROR_CODE, type ReadRequest, type TftpError } from './packet.ts'
import { TftpRefusal } from './refusal.ts'
import type { TftpPeer, TransferOutcome, TransferReport } from './report.ts'
import { Transfer, type TransferEnd } from './transfer.ts'

/**
 * Finds the file of a request; undefined if there is none of that name. The server closes the source.
 *
 * @throws {TftpRefusal} whose code and text go to the client
 */
export type OpenTftpFile = (
  request: ReadRequest,
  peer: TftpPeer,
  signal: AbortSignal,
) => Promise<ByteSource | undefined>

export interface AnswerOptions {
  readonly request: ReadRequest
  readonly peer: TftpPeer
  readonly open: OpenTftpFile
  /** Opens the way that the file goes. */
  readonly openChannel: (signal: AbortSignal) => Promise<Channel>
  readonly chunks: HotChunks
  /** Called when the client confirmed something for the first time. */
  readonly onConfirmed: () => void
  /** Sends an ERROR to the client from the port it asked: for what ends before there is a transfer. */
  readonly sendError: (error: TftpError) => void
}

/** Bytes of a file sent as netascii: it must be read through before it is sent. */
const NETASCII_LIMIT = 16 * 1024 * 1024

/** One request to read, from looking for the file until the client has it. */
export class Answer {
  readonly #options: AnswerOptions
  readonly #abort = new AbortController()
  #transfer: Transfer | undefined
  #confirmed = false

  constructor(options: AnswerOptions) {
    this.#options = options
  }

  /** Ends it; the client is told. */
  stop(reason: string): void {
    this.#abort.abort(new Error(reason))
  }
  /** True if the client once answered, but has confirmed nothing for so long that it may have been restarted. */
  isStale(milliseconds: number): boolean {
    return this.#transfer?.isStale(milliseconds) ?? false
  }
  /** Notes that the client is there, or that it does not matter any more; false if that was noted before. */
  confirm(): boolean {
    const first = !this.#confirmed
    this.#confirmed = true
    return first
  }
  /** Ends what was never confirmed, without a word to somebody who perhaps never asked. */
  drop(): void {
    this.#transfer?.drop()
  }
  /** The same request came again. */
  repeat(): void {
    this.#transfer?.repeat()
  }
  /** Answers; resolves when all is over, however it ended. */
  async run(): Promise<TransferReport> {
    const began = performance.now()
    const end = await this.#answer().catch((error: unknown) => this.#failed(error))
    const { request, peer } = this.#options
    return {
      peer,
      filename: request.filename,
      ...end,
      bytes: this.#transfer?.confirmedBytes ?? 0,
      blocks: this.#transfer?.confirmedBlocks ?? 0,
      blockSize: this.#transfer?.blockSize ?? 512,
      windowSize: this.#transfer?.windowSize ?? 1,
      retransmissions: this.#transfer?.retransmissions ?? 0,
      milliseconds: performance.now() - began,
    }
  }

  async #answer(): Promise<TransferEnd> {
    const { request, peer, open } = this.#options
    const source = await open(request, peer, this.#abort.signal)
    if (source === undefined)
      throw new TftpRefusal(ERROR_CODE.fileNotFound, `File not found: ${short(request.filename)}`)
    try {
      this.#abort.signal.throwIfAborted()
      return await this.#send(request.mode === 'netascii' ? await this.#translated(source) : source)
    } finally {
      await source.close()
    }
  }

  async #send(source: ByteSource): Promise<TransferEnd> {
    const { request, openChannel, chunks, onConfirmed } = this.#options
    const { signal } = this.#abort
    const agreement = negotiate(request.options, source.size)
    this.#transfer = new Transfer({
      source,
      agreement,
      channel: await openChannel(signal),
      chunks,
      onConfirmed,
      signal,
    })
    return this.#transfer.run()
  }

  #translated(source: ByteSource): Promise<ByteSource> {
    if (source.size <= NETASCII_LIMIT) return netasciiSource(source, this.#abort.signal)
    const text = `Cannot send ${source.size} bytes as netascii, want at most ${NETASCII_LIMIT}: ask for octet`
    throw new TftpRefusal(ERROR_CODE.illegalOperation, text)
  }

  /** What went wrong before there was a transfer. */
  #failed(error: unknown): TransferEnd {
    const text = error instanceof Error ? error.message : String(error)
    const outcome = this.#outcomeOf(error)
    const code = error instanceof TftpRefusal ? error.code : ERROR_CODE.undefined
    this.#options.sendError({
      code,
      text: outcome === 'failed' ? 'Cannot read the file: see the log of the server' : text,
    })
    return { outcome, text } // the system's words name paths of ours: they are not for the client
  }

  #outcomeOf(error: unknown): TransferOutcome {
    if (this.#abort.signal.aborted) return 'stopped'
    if (!(error instanceof TftpRefusal)) return 'failed'
    return error.code === ERROR_CODE.fileNotFound ? 'not-found' : 'refused'
  }
}

/** A name for people, without what a terminal would take for a command. */
function short(filename: string): string {
  const printable = filename.replace(/\p{Cc}/gu, '?')
  return printable.length > 100 ? `${printable.slice(0, 99)}…` : printable
}
