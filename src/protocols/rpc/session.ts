import { type Logger, silent } from '../../sys/log.ts'
import type { BlockPool } from './block-pool.ts'
import { Dispatcher, type ProgramTable } from './dispatcher.ts'
import type { Peer } from './program.ts'
import { LAST_FRAGMENT, RecordAssembler } from './record.ts'
import { type Chunk, XdrWriter } from './xdr-writer.ts'

/** Replies beyond this go into another block, so that a long one never makes many short ones move with it. */
const CHUNK_BYTES = 32 * 1024

/** What one connection may hold. */
export interface RpcLimits {
  /** Bytes of one call. */
  readonly recordBytes: number
  /** Bytes of replies that are being made or that the peer has not taken: beyond it no call is read. */
  readonly replyBytes: number
  /** Calls that wait for something, such as a disk. */
  readonly callsWaiting: number
  /** Calls answered in one turn of the event loop. */
  readonly callsPerTurn: number
  /** Bytes of replies made in one turn: reading as much takes a slow host some milliseconds. */
  readonly bytesPerTurn: number
}

export const DEFAULT_LIMITS: RpcLimits = {
  recordBytes: 128 * 1024,
  replyBytes: 4 * 1024 * 1024,
  callsWaiting: 64,
  callsPerTurn: 256,
  bytesPerTurn: 2 * 1024 * 1024,
}

/** Replies to send, and the memory that they hold until then. */
export interface Outgoing extends Chunk {
  readonly heldBytes: number
}

/** What a session needs of its connection. */
export interface RpcTransport {
  /** Sends these as one; `session.sent()` is called for each when the system has taken it. */
  send(chunks: readonly Outgoing[]): void
  /** More bytes are (not) wanted. */
  wantMore(yes: boolean): void
  /** Calls `session.proceed()` after other work has had its turn. */
  later(): void
}

export interface RpcSessionOptions {
  readonly programs: ProgramTable
  readonly peer: Peer
  readonly transport: RpcTransport
  readonly pool: BlockPool
  readonly limits?: RpcLimits
  readonly log?: Logger
}

/**
 * One connection's calls and replies, RFC 5531 §11. All calls that are there are answered into one block of memory and
 * sent together. A reply that must wait keeps the block it began in, and is sent when it is done: out of order.
 */
export class RpcSession {
  readonly #assembler: RecordAssembler
  readonly #dispatcher: Dispatcher
  readonly #transport: RpcTransport
  readonly #pool: BlockPool
  readonly #limits: RpcLimits
  #writer: XdrWriter
  /** Replies that are complete and not handed to the transport. */
  #ready: Outgoing[] = []
  /** Bytes of memory behind replies: waiting, ready, or being sent. */
  #heldBytes = 0
  #callsWaiting = 0
  /** Calls may be there that nobody read yet. */
  #stopped = false
  #progress = 0
  /** A call of the last bytes waits, with views of them. */
  #keptByCall = false

  constructor({ programs, peer, transport, pool, limits = DEFAULT_LIMITS, log = silent }: RpcSessionOptions) {
    this.#assembler = new RecordAssembler(limits.recordBytes)
    this.#dispatcher = new Dispatcher(programs, peer, log)
    this.#transport = transport
    this.#pool = pool
    this.#limits = limits
    this.#writer = new XdrWriter(pool)
  }

  /** True while something has begun that is not at its end: a call half received, a reply not taken. */
  get busy(): boolean {
    return this.#assembler.partial || this.#heldBytes > 0 || this.#callsWaiting > 0
  }

  /** It grows with each call that is whole, or answered, and with each piece of a reply that the peer takes. */
  get progress(): number {
    return this.#progress
  }

  /** True if all calls that came are answered and handed to the transport. */
  get idle(): boolean {
    return !this.#stopped && this.#callsWaiting === 0 && this.#ready.length === 0
  }

  /** True if a part of what `receive()` got last is still needed: its memory must stay as it is. */
  get keepsInput(): boolean {
    return this.#keptByCall || this.#assembler.hasUnread
  }

  /**
   * Takes what the peer sent and answers the calls in it.
   *
   * @throws {WireError} if it is not RPC: close the connection
   */
  receive(bytes: Buffer): void {
    this.#keptByCall = false
    this.#assembler.push(bytes)
    this.proceed()
  }

  /**
   * Answers the calls that are there, as far as the limits let it.
   *
   * @throws {WireError} if what is there is not RPC: close the connection
   */
  proceed(): void {
    try {
      this.#answerSome()
    } finally {
      this.#flush()
    }
  }

  /** A chunk has been taken by the system (or is lost with the connection). It may be told while it is being sent. */
  sent(chunk: Outgoing): void {
    const wasFull = this.#full
    this.#pool.release(chunk.block)
    this.#progress += 1
    this.#heldBytes -= chunk.heldBytes
    if (wasFull && !this.#full) this.#transport.later()
  }

  get #full(): boolean {
    return this.#heldBytes >= this.#limits.replyBytes || this.#callsWaiting >= this.#limits.callsWaiting
  }

  /** Bytes behind replies, those still in the writer too. */
  get #made(): number {
    return this.#heldBytes + this.#writer.pending
  }

  #answerSome(): void {
    const enough = this.#made + this.#limits.bytesPerTurn
    for (let calls = 0; calls < this.#limits.callsPerTurn && this.#made < enough; calls += 1) {
      if (this.#full) return this.#wantMore(false)
      const record = this.#assembler.next()
      if (record === undefined) {
        this.#dispatcher.rest()
        return this.#wantMore(true)
      }
      this.#answer(record)
    }
    this.#wantMore(false)
    this.#transport.later()
  }

  #wantMore(yes: boolean): void {
    this.#stopped = !yes
    this.#transport.wantMore(yes)
  }

  #answer(record: Buffer): void {
    this.#progress += 1
    if (this.#writer.pending >= CHUNK_BYTES) this.#makeReady(this.#writer)
    const writer = this.#writer
    writer.begin()
    writer.u32(0) // the record mark, when the length is known
    const waiting = this.#dispatch(record, writer)
    if (waiting === undefined) endRecord(writer)
    else this.#detach(writer, waiting)
  }

  #dispatch(record: Buffer, writer: XdrWriter): Promise<void> | undefined {
    try {
      return this.#dispatcher.answer(record, writer)
    } catch (error) {
      writer.truncate(0) // the replies before it are still sent
      throw error
    }
  }

  /** Leaves the writer to a call that waits; those that follow get another. */
  #detach(writer: XdrWriter, waiting: Promise<void>): void {
    const finished = writer.takeFinished()
    if (finished !== undefined) this.#hold(finished, finished.bytes.byteLength)
    this.#writer = new XdrWriter(this.#pool)
    const meanwhile = writer.capacity
    this.#heldBytes += meanwhile
    this.#callsWaiting += 1
    this.#keptByCall = true
    void waiting.then(() => {
      endRecord(writer)
      this.#progress += 1
      this.#callsWaiting -= 1
      this.#heldBytes -= meanwhile
      this.#makeReady(writer)
      this.#transport.later()
    })
  }

  #flush(): void {
    if (this.#writer.pending > 0) this.#makeReady(this.#writer)
    if (this.#ready.length === 0) return
    const chunks = this.#ready
    this.#ready = []
    this.#transport.send(chunks)
  }

  #makeReady(writer: XdrWriter): void {
    const { capacity } = writer
    const chunk = writer.takeAll()
    if (chunk !== undefined) this.#hold(chunk, capacity)
  }

  #hold({ bytes, block, gaps }: Chunk, heldBytes: number): void {
    this.#ready.push({ bytes, block, gaps, heldBytes })
    this.#heldBytes += heldBytes
  }
}

function endRecord(writer: XdrWriter): void {
  writer.patchU32(0, LAST_FRAGMENT + writer.length - 4)
}
