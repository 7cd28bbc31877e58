import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Ipv4 } from '../net/ipv4.ts'
import { loadLibc, type Libc } from './libc.ts'
import { socketAddress } from './socket-address.ts'
import { UdpRush } from './udp-rush.ts'

export interface ConnectedUdpOptions {
  /** Address of ours; `0.0.0.0` leaves it to the routes. */
  readonly host: Ipv4
  readonly peer: { readonly address: Ipv4; readonly port: number }
}

const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_UDP = 17
/** udp(7), Linux 4.18: a long datagram is cut into several of this many bytes, on their way through the kernel. */
const UDP_SEGMENT = 103
/** Of one call: the kernel takes 64 segments (UDP_MAX_SEGMENTS), and no more bytes than an IP packet has. */
const MOST_SEGMENTS = 64
const MOST_BYTES = 65_000
/** A longer datagram does not fit an Ethernet frame, and the kernel does not cut into fragments as well. */
const LONGEST_SEGMENT = 1472
/** What comes back is short; the rest of what is longer is not looked at. */
const incoming = Buffer.alloc(2048)
/** Those of this process. */
let rush: UdpRush | undefined

/**
 * A UDP socket with one peer, whose datagrams cost one call of the system each, or one for many. `node:dgram`, which
 * costs twice as much to send and three times as much to receive, brings the first of those that come.
 *
 * @returns undefined where Node has no FFI
 * @throws the system's error
 */
export async function openConnectedUdp(options: ConnectedUdpOptions): Promise<ConnectedUdp | undefined> {
  const libc = await loadLibc()
  if (libc === undefined) return undefined
  const fd = libc.call('socket', libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  try {
    libc.call('bind', libc.bind(fd, socketAddress(options.host, 0), 16))
    libc.call('connect', libc.connect(fd, socketAddress(options.peer.address, options.peer.port), 16))
  } catch (error) {
    libc.close(fd)
    throw error
  }
  const socket = createSocket('udp4')
  const listening = once(socket, 'listening') // before bind(), which with `fd` emits it at once
  socket.bind({ fd, exclusive: true })
  await listening
  return new ConnectedUdp(libc, fd, socket)
}

export class ConnectedUdp {
  readonly #libc: Libc
  readonly #fd: number
  readonly #socket: Socket
  #refused: () => void = () => undefined
  /** Bytes of a segment, as the kernel was told; 0 while it cuts nothing. */
  #segment = 0
  #cuts = true
  #closed = false

  constructor(libc: Libc, fd: number, socket: Socket) {
    this.#libc = libc
    this.#fd = fd
    this.#socket = socket
  }

  /** Tells what comes, and when the peer's machine says that nobody listens there. */
  listen(datagram: (datagram: Buffer) => void, refused: () => void): void {
    this.#refused = refused
    const others = (rush ??= new UdpRush(this.#libc))
    others.add(this.#fd, () => this.#receive(datagram))
    this.#socket.on('message', (first) => {
      datagram(first)
      others.run()
    })
    this.#socket.on('error', (error: NodeJS.ErrnoException) => error.code === 'ECONNREFUSED' && refused())
  }
  /** Sends one datagram. What does not fit the socket's buffer, or has no way, is lost as on any network. */
  send(datagram: Uint8Array): void {
    if (this.#segment !== 0 && datagram.byteLength > this.#segment) this.#cut(0)
    this.#write(datagram)
  }
  /** Sends datagrams that stand one behind the other, of `length` bytes each, the last perhaps of fewer. */
  sendRun(datagrams: Uint8Array, length: number): void {
    const together = Math.min(MOST_SEGMENTS, Math.floor(MOST_BYTES / length)) * length
    const cuts = datagrams.byteLength > length && length <= LONGEST_SEGMENT && this.#cut(length)
    const step = cuts ? together : length
    for (let at = 0; at < datagrams.byteLength; at += step) {
      const part = datagrams.subarray(at, at + step)
      if (!this.#write(part) && cuts) return this.#sendOneByOne(datagrams.subarray(at), length)
    }
  }
  close(): void {
    if (this.#closed) return
    this.#closed = true
    rush?.remove(this.#fd)
    this.#socket.close()
  }

  /** The card or the route cannot do it, or the buffer is full: then each goes by itself, or is lost. */
  #sendOneByOne(datagrams: Uint8Array, length: number): void {
    this.#cut(0)
    this.#cuts = false
    this.sendRun(datagrams, length)
  }
  #receive(datagram: (datagram: Buffer) => void): void {
    const length = Number(this.#libc.recv(this.#fd, incoming, BigInt(incoming.byteLength), 0))
    if (length >= 0) datagram(incoming.subarray(0, length))
    else this.#failed()
  }
  #cut(length: number): boolean {
    if (!this.#cuts || this.#closed) return false
    if (this.#segment === length) return true
    const value = Buffer.from(Int32Array.of(length).buffer)
    if (this.#libc.setsockopt(this.#fd, SOL_UDP, UDP_SEGMENT, value, 4) !== 0) {
      this.#cuts = false
      return false
    }
    this.#segment = length
    return true
  }
  #write(datagram: Uint8Array): boolean {
    if (this.#closed) return false
    const sent = this.#libc.send(this.#fd, datagram, BigInt(datagram.byteLength), 0)
    if (sent >= 0n) return true
    this.#failed()
    return false
  }
  #failed(): void {
    if (this.#libc.errorCode() === 'ECONNREFUSED') setImmediate(this.#refused) // not in the midst of who sends
  }
}
