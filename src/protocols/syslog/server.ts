import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { explainBindError } from '../../sys/bind-error.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import { decodeSyslog } from './packet.ts'
import { type SyslogLine, SyslogSession } from './session.ts'

export interface SyslogServerOptions {
  /** Address that is served. */
  readonly host?: string
  /** 0 takes any free one. */
  readonly port?: number
  /** Called for each line that is taken. */
  readonly onLine: (address: string, line: SyslogLine) => void
  readonly log?: Logger
}

/** Takes syslog over UDP, RFC 5426 and RFC 3164. Nothing is ever answered. Bound once `listen()` resolves. */
export class SyslogServer implements AsyncDisposable {
  readonly #socket: Socket
  readonly #session = new SyslogSession()
  readonly #onLine: SyslogServerOptions['onLine']
  readonly #log: Logger
  #closed: Promise<void> | undefined

  /**
   * Binds the port.
   *
   * @throws {BindError} which says who has the port, or which right is missing
   */
  static async listen(options: SyslogServerOptions): Promise<SyslogServer> {
    const { host = '0.0.0.0', port = 514 } = options
    const socket = createSocket('udp4')
    try {
      socket.bind({ port, address: host, exclusive: true })
      await once(socket, 'listening')
    } catch (error) {
      socket.close()
      throw await explainBindError(error, { protocol: 'udp', port, action: `take syslog on ${host}` })
    }
    return new SyslogServer(socket, options)
  }

  private constructor(socket: Socket, { onLine, log = silent }: SyslogServerOptions) {
    this.#onLine = onLine
    this.#log = log
    this.#socket = socket.on('error', (error) => log.warn('socket error', { error }))
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
  }

  get port(): number {
    return this.#socket.address().port
  }
  /** Stops listening. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    const closed = once(this.#socket, 'close')
    this.#socket.close()
    await closed
  }

  #receive(datagram: Uint8Array, { address }: RemoteInfo): void {
    try {
      const line = this.#session.take(address, decodeSyslog(datagram), performance.now())
      if (line !== undefined) this.#onLine(address, line)
    } catch (error) {
      this.#log[error instanceof WireError ? 'debug' : 'warn']('message refused', { peer: address, error })
    }
  }
}
