import { once } from 'node:events'
import { type Socket, connect } from 'node:net'
import { type CallOptions, encodeCall } from './call.ts'
import type { Credential } from './credential.ts'
import { ACCEPT_STATUS, decodeReplyHeader } from './message.ts'
import { RecordAssembler } from './record.ts'
import { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

/** The longest reply that is taken: READ of 1 MiB and what is around it. */
const MAX_REPLY_BYTES = 2 * 1024 * 1024

/** A server's answer that is no result. */
export class RpcRefusal extends Error {
  override readonly name = 'RpcRefusal'
  readonly kind: 'accepted' | 'denied'
  /** accept_stat or, if denied, auth_stat. */
  readonly status: number

  constructor(kind: 'accepted' | 'denied', status: number) {
    super(`RPC call was ${kind === 'denied' ? 'denied' : 'not carried out'}: status ${status}`)
    this.kind = kind
    this.status = status
  }
}

/** A TCP port, or a socket of this host. */
export type RpcClientOptions = (
  | {
      readonly host: string
      readonly port: number
      readonly localAddress?: string
      /** Of this side; any without it. */
      readonly localPort?: number
    }
  | { readonly path: string }
) & {
  readonly credential?: Credential
  /** Ends the connection, whatever it is doing. */
  readonly signal?: AbortSignal
}

interface Waiting {
  readonly resolve: (results: XdrReader) => void
  readonly reject: (error: Error) => void
}

/** Calls procedures over one connection, any number at once. */
export class RpcClient implements AsyncDisposable {
  readonly socket: Socket
  readonly #credential: Credential | undefined
  readonly #waiting = new Map<number, Waiting>()
  readonly #assembler = new RecordAssembler(MAX_REPLY_BYTES)
  #xid = 1

  /** @throws the system's error, such as ECONNREFUSED */
  static async connect({ credential, ...where }: RpcClientOptions): Promise<RpcClient> {
    const socket = connect({ ...where, noDelay: true })
    await once(socket, 'connect')
    return new RpcClient(socket, credential)
  }

  private constructor(socket: Socket, credential: Credential | undefined) {
    this.socket = socket
    this.#credential = credential
    socket.on('data', (bytes: Buffer) => this.#receive(bytes))
    socket.on('error', (error) => this.#abandon(error))
    socket.on('close', () => this.#abandon(new Error('Connection closed before the reply')))
  }

  /**
   * The results of a procedure.
   *
   * @throws {RpcRefusal} if the server does not carry it out; an error if the connection ends before the reply
   */
  call(
    target: Omit<CallOptions, 'xid' | 'credential'>,
    encodeArguments?: (w: XdrWriter) => unknown,
  ): Promise<XdrReader> {
    const xid = this.#xid++
    const credential = this.#credential === undefined ? {} : { credential: this.#credential }
    this.socket.write(encodeCall({ ...target, ...credential, xid }, encodeArguments))
    return new Promise((resolve, reject) => this.#waiting.set(xid, { resolve, reject }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.closed) return
    this.socket.destroy()
    await once(this.socket, 'close')
  }

  #receive(bytes: Buffer): void {
    try {
      this.#assembler.push(bytes)
      for (let record = this.#assembler.next(); record !== undefined; record = this.#assembler.next()) {
        this.#settle(new XdrReader('RPC reply', record))
      }
    } catch (error) {
      this.socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #settle(reply: XdrReader): void {
    const header = decodeReplyHeader(reply)
    const waiting = this.#waiting.get(header.xid)
    this.#waiting.delete(header.xid)
    if (header.kind === 'accepted' && header.status === ACCEPT_STATUS.success) waiting?.resolve(reply)
    else waiting?.reject(new RpcRefusal(header.kind, header.status))
  }

  #abandon(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }
}
