import type { Socket } from 'node:dgram'
import type { Ipv4 } from '../../net/ipv4.ts'
import { type Mac, macToBytes } from '../../net/mac.ts'
import { openDeviceSocket } from '../../sys/device-socket.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import { option, rawOption, readOption } from './options.ts'
import { decodeMessage, type DhcpMessage, encodeMessage } from './packet.ts'
import type { DhcpRole } from './session.ts'

export interface OtherServersOptions {
  readonly interface: string
  /** Our own address there: what answers from it is no other server. */
  readonly own: Ipv4
  /** Of the interface. It is the name under which we ask, always the same one, so that nobody's pool runs dry. */
  readonly mac: Mac
  readonly log?: Logger
  /** How often it is asked; tests are in a hurry. */
  readonly everyMs?: number
}

const PROBE_EVERY_MS = 20_000
/** So many questions without an answer, and the other server is believed to be gone: it may be restarting. */
const UNANSWERED = 3
/** dnsmasq looks for three seconds whether an address is free before it offers it. */
const FIRST_ANSWER_MS = 3500
const EVERYBODY = '255.255.255.255'
const [SERVER_PORT, CLIENT_PORT] = [67, 68]

/** Finds out whether another DHCP server gives addresses on the network of an interface, by asking for one. */
export class OtherServers implements AsyncDisposable {
  readonly #options: OtherServersOptions
  readonly #log: Logger
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  readonly #since = performance.now()
  /** Each other server, with how many questions it left unanswered since. */
  readonly #servers = new Map<Ipv4, number>()
  #transactionId = 0

  /** @throws the system's error where port 68 is taken, by a DHCP client of this host for instance */
  static async listen(options: OtherServersOptions): Promise<OtherServers> {
    const where = { interface: options.interface, address: '0.0.0.0', port: CLIENT_PORT }
    return new OtherServers(options, (await openDeviceSocket(where)).socket)
  }

  private constructor(options: OtherServersOptions, socket: Socket) {
    this.#options = options
    this.#log = options.log ?? silent
    this.#socket = socket
    socket.on('error', (error) => this.#log.warn('cannot look for other DHCP servers', { error }))
    socket.on('message', (datagram) => this.#receive(datagram))
    this.#ask()
    this.#timer = setInterval(() => this.#ask(), options.everyMs ?? PROBE_EVERY_MS)
  }

  /** `proxy` while another server answers, and until one has had the time to. */
  role(): DhcpRole {
    return this.#servers.size === 0 && performance.now() - this.#since > FIRST_ANSWER_MS ? 'server' : 'proxy'
  }
  /** Notes a server of which we know by other means: a machine took its offer. */
  heard(server: Ipv4): void {
    if (server === this.#options.own) return
    if (!this.#servers.has(server)) {
      this.#log.warn(`another DHCP server answers on ${this.#options.interface}: ${server}; it gives the addresses now`)
    }
    this.#servers.set(server, 0)
  }
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer)
    await new Promise<void>((resolve) => this.#socket.close(resolve))
  }

  #ask(): void {
    for (const [server, unanswered] of this.#servers) {
      this.#servers.set(server, unanswered + 1)
      if (unanswered < UNANSWERED) continue
      this.#servers.delete(server)
      this.#log.warn(`the DHCP server ${server} on ${this.#options.interface} answers no more`)
    }
    this.#transactionId = Math.floor(Math.random() * 2 ** 32)
    const datagram = encodeMessage(probe(this.#options, this.#transactionId))
    this.#socket.send(datagram, SERVER_PORT, EVERYBODY, (error) => {
      if (error !== null) this.#log.debug('cannot look for other DHCP servers', { error })
    })
  }

  #receive(datagram: Uint8Array): void {
    try {
      const { transactionId, yourAddress, options } = decodeMessage(datagram)
      const server = readOption(options, option.serverIdentifier)
      const isOffer = readOption(options, option.messageType) === 'offer'
      // who offers no address is a proxyDHCP server, as we may be ourselves
      const isForUs = transactionId === this.#transactionId && isOffer && yourAddress !== '0.0.0.0'
      if (isForUs && server !== undefined) this.heard(server)
    } catch (error) {
      if (!(error instanceof WireError)) throw error
    }
  }
}

/** What `probe` says of itself: its own server is not to answer, another netroot is. */
export function probeClass(own: Ipv4): string {
  return `netroot ${own} looks for other servers`
}

function probe({ own, mac }: OtherServersOptions, transactionId: number): DhcpMessage {
  const [none, empty] = ['0.0.0.0', '']
  return {
    operation: 'request',
    hardwareType: 1,
    hardwareAddress: macToBytes(mac),
    hops: 0,
    transactionId,
    seconds: 0,
    broadcast: true, // the offer is for an address that we will not take
    clientAddress: none,
    yourAddress: none,
    nextServer: none,
    relayAddress: none,
    serverName: empty,
    bootFile: empty,
    options: new Map([rawOption(option.messageType, 'discover'), rawOption(option.vendorClass, probeClass(own))]),
  }
}
