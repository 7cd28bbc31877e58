import type { RemoteInfo, Socket } from 'node:dgram'
import { explainBindError } from '../../sys/bind-error.ts'
import { openDeviceSocket6 } from '../../sys/device-socket6.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import type { Dhcp6Exchange } from './exchange.ts'
import { decodeDatagram, encodeDatagram, MESSAGE } from './packet.ts'
import { type Dhcp6Context, handleDatagram } from './session.ts'

export interface Dhcp6ServerOptions extends Dhcp6Context {
  /** The one interface it serves. For several, open several servers. */
  readonly interface: string
  /** Told of every message that could be read, after its reply was handed to the kernel. */
  readonly onExchange?: (exchange: Dhcp6Exchange) => void
  readonly log?: Logger
}

/** All_DHCP_Relay_Agents_and_Servers and All_DHCP_Servers, RFC 8415 §7.1: clients and relays, and relays alone. */
const GROUPS = ['ff02::1:2', 'ff05::1:3']
const SERVER_PORT = 547
const CLIENT_PORT = 546
/** More than the receive buffer of a socket brings at once; a flood beyond it is lost, as in the buffer itself. */
const MOST_AT_ONCE = 512

/** A DHCPv6 server on one interface, RFC 8415. Bound once `listen()` resolves, idle once `close()` does. */
export class Dhcp6Server implements AsyncDisposable {
  readonly #options: Dhcp6ServerOptions
  readonly #socket: Socket
  readonly #log: Logger
  readonly #running = new Set<Promise<void>>()
  #closed: Promise<void> | undefined

  /** @throws {BindError} if the port is taken (it says by whom) or not allowed, or there is no such interface */
  static async listen(options: Dhcp6ServerOptions): Promise<Dhcp6Server> {
    const { interface: name } = options
    try {
      return new Dhcp6Server(options, await openDeviceSocket6({ interface: name, port: SERVER_PORT, groups: GROUPS }))
    } catch (error) {
      throw await explainBindError(error, { protocol: 'udp', port: SERVER_PORT, action: `serve DHCPv6 on ${name}` })
    }
  }

  private constructor(options: Dhcp6ServerOptions, socket: Socket) {
    this.#options = options
    this.#socket = socket
    this.#log = options.log ?? silent
    socket.on('error', (error) => this.#log.warn('DHCPv6 socket error', { error }))
    socket.on('message', (datagram, peer) => this.#receive(datagram, peer))
  }

  /** Stops listening and waits for the replies under way. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    this.#socket.removeAllListeners('message')
    await Promise.allSettled(this.#running)
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #receive(datagram: Uint8Array, peer: RemoteInfo): void {
    if (this.#running.size >= MOST_AT_ONCE) return
    const turn: Promise<void> = this.#handle(datagram, peer)
      .catch((error: unknown) => {
        // a malformed message is everyday, a failure of ours is not
        const level = error instanceof WireError ? 'debug' : 'warn'
        this.#log[level]('DHCPv6 message not answered', { peer: peer.address, error })
      })
      .finally(() => this.#running.delete(turn))
    this.#running.add(turn)
  }

  async #handle(datagram: Uint8Array, peer: RemoteInfo): Promise<void> {
    const decoded = decodeDatagram(datagram)
    if (decoded.message.type === MESSAGE.advertise || decoded.message.type === MESSAGE.reply) return // never answered
    const [address = ''] = peer.address.split('%')
    const { exchange, reply } = await handleDatagram(this.#options, decoded, address)
    const port = decoded.relays.length > 0 ? SERVER_PORT : CLIENT_PORT
    if (reply !== undefined) await this.#send(encodeDatagram(reply), peer.address, port)
    if (exchange.outcome.kind === 'failed') {
      this.#log.error('cannot answer DHCPv6 message', { client: exchange.client.duid, error: exchange.outcome.error })
    }
    this.#options.onExchange?.(exchange)
  }

  /** A link-local address carries its zone, so the answer leaves by the interface that the question came in by. */
  #send(datagram: Uint8Array, address: string, port: number): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      this.#socket.send(datagram, port, address, (error) => (error === null ? resolve() : reject(error)))
    })
  }
}
