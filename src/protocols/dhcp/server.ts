import type { Cidr } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import { ArpProber } from '../../sys/arp-prober.ts'
import { BatchedUdp, type UdpPeer } from '../../sys/batched-udp.ts'
import { explainBindError } from '../../sys/bind-error.ts'
import { type DeviceSocket, openDeviceSocket } from '../../sys/device-socket.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import type { AnswerClient } from './answer.ts'
import type { Destination, DhcpExchange } from './exchange.ts'
import type { LeaseBook } from './lease-book.ts'
import { option, readOption } from './options.ts'
import { probeClass } from './other-servers.ts'
import { decodeMessage, type DhcpMessage, encodeMessage } from './packet.ts'
import { AddressCheck } from './address-check.ts'
import { type DhcpContext, type DhcpRole, type Handled, handleBootRequest, handleMessage } from './session.ts'

export interface DhcpServerOptions {
  /** The one interface it serves. For several, open several servers. */
  readonly interface: string
  /** An address of that interface: it is the server identifier, and the sender of all replies. */
  readonly serverAddress: Ipv4
  readonly leases: LeaseBook
  readonly answer: AnswerClient
  /** Told of every message that could be read, after its reply was handed to the kernel. */
  readonly onExchange?: (exchange: DhcpExchange) => void
  readonly log?: Logger
  /** The network of the interface, where addresses are to be looked for by ARP before they are offered. */
  readonly checked?: Cidr
  /** Says for each message whether another server gives the addresses; with it port 4011 is served too (proxyDHCP). */
  readonly role?: () => DhcpRole
  /** Serve port 4011 in any case: some machine's firmware shows a menu, and asks there for what was taken. */
  readonly hasMenus?: boolean
  /** Port of proxyDHCP servers; only tests want another than 4011. */
  readonly bootPort?: number
  /** Port of servers and relays; clients have the next one. Only tests want another than 67. */
  readonly port?: number
}

const EVERYBODY = '255.255.255.255'
/** Answers that wait, for the disk or for ARP; a flood beyond it is lost, as in the receive buffer of a socket. */
const MOST_AT_ONCE = 2048

/**
 * A DHCPv4 server on one interface, RFC 2131. Bound once `listen()` resolves, idle once `close()` does.
 *
 * It has two sockets because Node does not tell the destination of a datagram: one bound to 255.255.255.255 for what
 * is broadcast, one bound to `serverAddress` for what is sent to us alone. The second also sends every reply, so that
 * its source address is right and it leaves by the right interface, with or without SO_BINDTODEVICE.
 */
export class DhcpServer implements AsyncDisposable {
  readonly #context: DhcpContext
  readonly #sockets: readonly BatchedUdp[]
  readonly #sender: BatchedUdp
  readonly #onExchange: (exchange: DhcpExchange) => void
  readonly #log: Logger
  readonly #port: number
  readonly #prober: ArpProber | undefined
  readonly #running = new Set<Promise<void>>()
  #dropped = 0
  #closed?: Promise<void>

  /** @throws {BindError} if the port is taken (it says by whom) or not allowed, or there is no such interface */
  static async listen(options: DhcpServerOptions): Promise<DhcpServer> {
    const { interface: name, serverAddress, port = 67, bootPort = 4011, log = silent } = options
    const wanted = [
      { address: EVERYBODY, port },
      { address: serverAddress, port },
      ...(options.role === undefined && options.hasMenus !== true ? [] : [{ address: serverAddress, port: bootPort }]),
    ]
    const opened: DeviceSocket[] = []
    for (const one of wanted) {
      try {
        opened.push(await openDeviceSocket({ interface: name, ...one }))
      } catch (error) {
        for (const { socket } of opened) socket.close()
        throw await explainBindError(error, { protocol: 'udp', port: one.port, action: `serve DHCP on ${name}` })
      }
    }
    if (!opened.every(({ boundToDevice }) => boundToDevice)) {
      log.warn('this Node cannot bind to an interface: requests from other interfaces come in too', { interface: name })
    }
    const sockets = opened.map((one) => new BatchedUdp(one))
    const prober = options.checked === undefined ? undefined : await ArpProber.open(name)
    if (options.checked !== undefined && prober === undefined) {
      log.warn('addresses are not looked for by ARP before they are offered: that wants CAP_NET_RAW and Node 26')
    }
    return new DhcpServer(options, sockets, port, prober)
  }

  private constructor(options: DhcpServerOptions, sockets: readonly BatchedUdp[], port: number, prober?: ArpProber) {
    const [broadcasts, unicasts, boots] = sockets
    if (broadcasts === undefined || unicasts === undefined) throw new TypeError('Cannot serve DHCP without two sockets')
    this.#prober = prober
    this.#context = contextOf(options, prober)
    this.#sockets = sockets
    this.#sender = unicasts
    this.#onExchange = options.onExchange ?? (() => undefined)
    this.#log = options.log ?? silent
    this.#port = port
    this.#receiveOn(broadcasts, (message) => handleMessage(this.#context, message, 'broadcast'))
    this.#receiveOn(unicasts, (message) => handleMessage(this.#context, message, 'unicast'))
    if (boots !== undefined) this.#receiveOn(boots, (message) => handleBootRequest(this.#context, message))
  }

  /** The port of servers. */
  get port(): number {
    return this.#port
  }
  /** Stops listening and waits for the replies under way. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    for (const socket of this.#sockets) socket.stop()
    this.#prober?.[Symbol.dispose]()
    await Promise.allSettled(this.#running)
    await Promise.all(this.#sockets.map((socket) => socket.close()))
  }

  #receiveOn(socket: BatchedUdp, decide: Decide): void {
    socket.listen(
      (datagram, peer) => this.#receive(datagram, { peer, socket, decide }),
      (error) => this.#log.warn('DHCP socket error', { error }),
    )
  }

  #receive(datagram: Uint8Array, from: Received): void {
    if (this.#running.size >= MOST_AT_ONCE) return this.#drop()
    const turn: Promise<void> = this.#handle(datagram, from)
      .catch((error: unknown) => {
        // a malformed message is everyday, a failure of ours is not
        const level = error instanceof WireError ? 'debug' : 'warn'
        this.#log[level]('DHCP message not answered', { peer: from.peer.address, error })
      })
      .finally(() => {
        this.#running.delete(turn)
        if (this.#running.size === 0) this.#reportDropped()
      })
    this.#running.add(turn)
  }

  async #handle(datagram: Uint8Array, from: Received): Promise<void> {
    const message = decodeMessage(datagram)
    // a broadcast of this host comes back to it
    if (readOption(message.options, option.vendorClass) === probeClass(this.#context.serverAddress)) return
    const { exchange, reply } = await from.decide(message)
    if (reply !== undefined) this.#send(encodeMessage(reply.message), reply.to, from)
    const { outcome } = exchange
    if (outcome.kind === 'failed') {
      this.#log.error('cannot answer DHCP message', { mac: exchange.client.mac, error: outcome.error })
    }
    for (const { address, holder } of outcome.kind === 'offered' ? (outcome.inUse ?? []) : []) {
      this.#log.warn(`${address} is in use by ${holder}, which was not given it here; put aside for an hour`)
    }
    this.#onExchange(exchange)
  }

  #send(datagram: Uint8Array, { address, port }: Destination, { peer, socket }: Received): void {
    if (port === 'sender') return socket.send(datagram, peer)
    this.#sender.send(datagram, { address, port: port === 'server' ? this.#port : this.#port + 1 })
  }

  #drop(): void {
    this.#dropped += 1
  }
  #reportDropped(): void {
    if (this.#dropped > 0) this.#log.warn('DHCP messages lost in a flood', { count: this.#dropped })
    this.#dropped = 0
  }
}

/** Where a datagram came from, and what decides on its answer. */
interface Received {
  readonly peer: UdpPeer
  readonly socket: BatchedUdp
  readonly decide: Decide
}
type Decide = (message: DhcpMessage) => Promise<Handled>

function contextOf(options: DhcpServerOptions, prober: ArpProber | undefined): DhcpContext {
  const { serverAddress, leases, answer, checked, role } = options
  const context = { serverAddress, leases, answer, ...(role === undefined ? {} : { role }) }
  if (prober === undefined || checked === undefined) return context
  const check = new AddressCheck({ network: checked, find: (address) => prober.probe(address) })
  return { ...context, holderOf: (address, own) => check.holderOf(address, own) }
}
