import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** What may befall a datagram, each as a share of 1. */
export interface Network {
  readonly lost?: number
  readonly twice?: number
  /** Later than the ones that were sent after it. */
  readonly late?: number
}

interface Address {
  readonly port: number
  readonly address: string
}

const LATE_MS = 5
const DATA = 3
const ACK = 4

/**
 * A bad network between a TFTP client and a server: clients ask the relay's port, and meet each port that the server
 * answers from as a port of the relay. The first round trip is left alone: clients wait seconds to repeat a request, and
 * atftp gives up when an OACK comes twice.
 */
export class LossyRelay implements AsyncDisposable {
  readonly #network: Network
  readonly #server: Address
  readonly #sockets = new Set<Socket>()
  #seed = 1
  /** Datagrams that befell something. */
  disturbed = 0

  readonly #front: Socket
  get port(): number {
    return this.#front.address().port
  }

  static async listen(serverPort: number, network: Network): Promise<LossyRelay> {
    const relay = new LossyRelay(serverPort, network)
    await once(relay.#front.bind(0, '127.0.0.1'), 'listening')
    return relay
  }
  private constructor(serverPort: number, network: Network) {
    this.#network = network
    this.#server = { port: serverPort, address: '127.0.0.1' }
    this.#front = this.#socket()
    this.#front.on('message', (request, client) => this.#connect(request, client))
  }
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close()
    this.#sockets.clear()
  }

  /** A new client, or one that repeats its request. */
  #connect(request: Buffer, client: Address): void {
    const towardsServer = this.#socket()
    const faces = new Map<number, Socket>() // a port of ours for each port that the server answers from
    towardsServer.on('message', (datagram, from) => {
      const face = faces.get(from.port) ?? this.#face(towardsServer, from)
      faces.set(from.port, face)
      this.#pass(face, datagram, client)
    })
    towardsServer.send(request, this.#server.port, this.#server.address)
  }

  #face(towardsServer: Socket, server: Address): Socket {
    const face = this.#socket()
    face.on('message', (datagram) => this.#pass(towardsServer, datagram, server))
    return face
  }

  #socket(): Socket {
    const socket = createSocket('udp4')
    socket.on('error', () => undefined)
    this.#sockets.add(socket)
    return socket
  }

  #pass(socket: Socket, datagram: Buffer, to: Address): void {
    const { lost = 0, twice = 0, late = 0 } = this.#network
    const send = (): void => {
      if (this.#sockets.has(socket)) socket.send(datagram, to.port, to.address, () => undefined)
    }
    const fate = isOfTheFile(datagram) ? this.#random() : 1
    if (fate < lost + twice + late) this.disturbed += 1
    if (fate < lost) return
    if (fate < lost + twice) send()
    if (fate >= lost + twice && fate < lost + twice + late) setTimeout(send, LATE_MS).unref()
    else send()
  }

  /** The same fates in each run. */
  #random(): number {
    this.#seed = (this.#seed * 48_271) % 0x7fffffff
    return this.#seed / 0x7fffffff
  }
}

function isOfTheFile(datagram: Buffer): boolean {
  const [, opcode] = datagram
  return opcode === DATA || (opcode === ACK && datagram.readUInt16BE(2) !== 0)
}
