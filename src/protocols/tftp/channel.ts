import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIpv6 } from '../../net/ipv6.ts'
import { type ConnectedUdp, openConnectedUdp } from '../../sys/connected-udp.ts'
import type { TftpPeer } from './report.ts'

/** What comes back from a client. */
export interface ChannelEvents {
  readonly datagram: (datagram: Uint8Array) => void
  /** Its machine says that nobody listens on that port. */
  readonly refused: () => void
}

/** The way to one client, on which nobody else is heard. What cannot be sent counts as lost. */
export interface Channel {
  listen(events: ChannelEvents): void
  send(datagram: Uint8Array): void
  /** Sends datagrams that stand one behind the other, of `length` bytes each, the last perhaps of fewer. */
  sendRun(datagrams: Uint8Array, length: number): void
  close(): void
}

export interface ChannelOptions {
  readonly peer: TftpPeer
  /** The address the client asked, so that the answer comes from it; `0.0.0.0` leaves it to the routes. */
  readonly host: string
  readonly signal: AbortSignal
}

/**
 * A channel from a port of its own, RFC 1350 §4.
 *
 * @throws the system's error if there is no socket to be had
 */
export async function openOwnPort({ peer, host, signal }: ChannelOptions): Promise<Channel> {
  const fast = isIpv6(host) ? undefined : await openConnectedUdp({ host, peer })
  return fast === undefined ? openPlain({ peer, host, signal }) : new FastChannel(fast)
}

async function openPlain({ peer, host, signal }: ChannelOptions): Promise<Channel> {
  const socket = createSocket(isIpv6(host) ? 'udp6' : 'udp4')
  try {
    socket.bind(0, host)
    await once(socket, 'listening', { signal })
    socket.connect(peer.port, peer.address) // the kernel keeps strangers out
    await once(socket, 'connect', { signal })
    return new PlainChannel(socket)
  } catch (error) {
    socket.close()
    throw error
  }
}

/** With the calls of the system that Node has no function for. */
class FastChannel implements Channel {
  readonly #socket: ConnectedUdp

  constructor(socket: ConnectedUdp) {
    this.#socket = socket
  }
  listen(events: ChannelEvents): void {
    this.#socket.listen(events.datagram, events.refused)
  }
  send(datagram: Uint8Array): void {
    this.#socket.send(datagram)
  }
  sendRun(datagrams: Uint8Array, length: number): void {
    this.#socket.sendRun(datagrams, length)
  }
  close(): void {
    this.#socket.close()
  }
}

/** With what Node has. It may keep what it sends for a while, so each datagram is copied. */
class PlainChannel implements Channel {
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
  }
  listen({ datagram, refused }: ChannelEvents): void {
    this.#socket.on('message', datagram)
    this.#socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') refused() // others are of one datagram, which is sent again like a lost one
    })
  }
  send(datagram: Uint8Array): void {
    this.#socket.send(Buffer.from(datagram))
  }
  sendRun(datagrams: Uint8Array, length: number): void {
    for (let at = 0; at < datagrams.byteLength; at += length) this.send(datagrams.subarray(at, at + length))
  }
  close(): void {
    setImmediate(() => this.#socket.close()) // what was sent last is on its way by then
  }
}
