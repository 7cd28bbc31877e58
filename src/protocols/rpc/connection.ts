import type { Socket } from 'node:net'
import type { DirectSender } from '../../sys/direct-sender.ts'
import type { Logger } from '../../sys/log.ts'
import { readInto } from '../../sys/read-into.ts'
import { WireError } from '../../wire/error.ts'
import type { BlockPool } from './block-pool.ts'
import type { ProgramTable } from './dispatcher.ts'
import { Outbox } from './outbox.ts'
import type { Peer } from './program.ts'
import { type Outgoing, type RpcLimits, RpcSession, type RpcTransport } from './session.ts'

export interface RpcConnectionOptions {
  readonly programs: ProgramTable
  readonly peer: Peer
  readonly pool: BlockPool
  readonly limits: RpcLimits
  /** Undefined where the C library cannot be called. */
  readonly direct: DirectSender | undefined
  readonly log: Logger
}

/** A socket and its session: bytes in, chunks out, and the end of both. */
export class RpcConnection implements RpcTransport {
  readonly #socket: Socket
  readonly #session: RpcSession
  readonly #outbox: Outbox
  readonly #log: Logger
  #proceedSoon = false
  #ended = false
  /** How far the session had come, and when it was seen to (`performance.now()`). */
  #progress = 0
  #progressAt = performance.now()

  constructor(socket: Socket, { direct, peer, log, ...rest }: RpcConnectionOptions) {
    this.#socket = socket
    this.#log = log.child({ peer: peer.address })
    this.#session = new RpcSession({ ...rest, peer, transport: this, log })
    this.#outbox = new Outbox({
      socket,
      direct,
      sent: (chunk) => this.#sent(chunk),
      failed: (error) => this.#cannotGoOn(error),
    })
    socket.on('close', () => this.#outbox.close())
    readInto(socket, (bytes) => this.#receive(bytes))
    socket.on('end', () => this.#hangUp())
    socket.on('error', (error) => this.#log.debug('RPC connection failed', { error }))
  }

  /**
   * Ends it if the peer has begun something and not come further with it since then: a byte now and then is none. An idle
   * client is welcome.
   */
  endIfStalled(since: number): void {
    const { progress, busy } = this.#session
    if (!busy || progress !== this.#progress) {
      this.#progress = progress
      this.#progressAt = performance.now()
    } else if (this.#progressAt <= since) {
      this.#log.info('RPC connection closed: the client took no reply, or left a call unfinished')
      this.end()
    }
  }
  /** Ends it now; what is not sent is lost, and the peer will ask again. */
  end(): void {
    this.#socket.destroy()
  }

  send(chunks: readonly Outgoing[]): void {
    this.#outbox.send(chunks)
  }
  wantMore(yes: boolean): void {
    if (yes === this.#socket.isPaused()) this.#socket[yes ? 'resume' : 'pause']()
  }
  later(): void {
    if (this.#proceedSoon || this.#socket.destroyed) return
    this.#proceedSoon = true
    setImmediate(() => {
      this.#proceedSoon = false
      if (!this.#socket.destroyed) this.#guard(() => this.#session.proceed())
      if (this.#ended) this.#hangUp()
    })
  }

  #receive(bytes: Buffer): boolean {
    this.#guard(() => this.#session.receive(bytes))
    return this.#session.keepsInput
  }
  #guard(work: () => void): void {
    try {
      work()
    } catch (error) {
      const garbage = error instanceof WireError // is everyday, a failure of ours is not
      this.#log[garbage ? 'debug' : 'error']('RPC connection closed', { error })
      this.#socket.destroy()
    }
  }

  #sent(chunk: Outgoing): void {
    this.#session.sent(chunk)
    if (this.#ended) this.#hangUp()
  }
  #cannotGoOn(error: unknown): void {
    this.#log.info('RPC connection closed: a file could not be sent', { error })
    this.#socket.destroy()
  }

  /** The peer will send no more: end our half when all replies are on their way. */
  #hangUp(): void {
    this.#ended = true
    if (this.#session.idle && this.#outbox.empty) this.#socket.end()
  }
}
