import type { RemoteInfo, Socket } from 'node:dgram'
import type { Ipv4 } from '../net/ipv4.ts'
import type { DeviceSocket, NativeSocket } from './device-socket.ts'
import { fromSocketAddress, socketAddress } from './socket-address.ts'

/** Who sent a datagram, or is to get one. */
export interface UdpPeer {
  readonly address: Ipv4
  readonly port: number
}
export type TakeDatagram = (datagram: Uint8Array, peer: UdpPeer) => void

/** Of one turn of the event loop: everything else that the process serves waits for them. */
const MOST_AT_ONCE = 64
/** Datagrams stand one behind the other in pieces of this many bytes, which live as long as one of them is used. */
const PIECE_BYTES = 256 * 1024
/** Longer than any datagram. */
const LONGEST = 65_536

/**
 * A bound UDP socket for storms of datagrams: `node:dgram` tells of the first, the others that wait in the kernel are
 * taken past it, and what is sent goes past it too. Where Node has no FFI everything goes through `node:dgram`.
 */
export class BatchedUdp {
  readonly #socket: Socket
  readonly #native: NativeSocket | undefined
  readonly #sender = Buffer.alloc(16)
  readonly #senderBytes = Buffer.from(Uint32Array.of(16).buffer)
  #piece = new Uint8Array(0)
  #used = 0
  /** How many may still be taken in this turn. */
  #budget = MOST_AT_ONCE
  #target: UdpPeer & { readonly bytes: Uint8Array } = { address: '', port: 0, bytes: new Uint8Array(0) }
  #closed = false

  constructor({ socket, native }: DeviceSocket) {
    this.#socket = socket
    this.#native = native
  }

  /** Calls `take` for each datagram, which it may keep, and `failed` for errors of the socket. */
  listen(take: TakeDatagram, failed: (error: Error) => void): void {
    this.#socket.on('error', failed)
    this.#socket.on('message', (datagram: Buffer, peer: RemoteInfo) => {
      take(new Uint8Array(datagram.buffer, datagram.byteOffset, datagram.byteLength), peer)
      this.#takeMore(take)
    })
  }
  /** Hands a datagram to the kernel. It may be used again at once. @throws the system's error */
  send(datagram: Uint8Array, to: UdpPeer): void {
    if (this.#closed) return
    if (this.#native === undefined) return this.#sendByNode(datagram, to)
    const { libc, fd } = this.#native
    const address = this.#addressOf(to)
    if (libc.sendto(fd, datagram, BigInt(datagram.byteLength), 0, address, address.byteLength) >= 0n) return
    if (libc.errorCode() === 'EAGAIN') return this.#sendByNode(datagram, to) // it waits until there is room
    libc.call('sendto', -1)
  }
  /** Takes nothing more; what is under way can still be answered. */
  stop(): void {
    this.#budget = 0
    this.#socket.removeAllListeners('message')
  }
  /** Twice is fine. */
  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    return new Promise((resolve) => this.#socket.close(resolve))
  }

  #takeMore(take: TakeDatagram): void {
    if (this.#native === undefined || this.#budget < MOST_AT_ONCE) return
    setImmediate(() => (this.#budget = MOST_AT_ONCE))
    for (this.#budget -= 1; this.#budget > 0; this.#budget -= 1) {
      const datagram = this.#receive(this.#native)
      if (datagram === undefined) return
      take(datagram, fromSocketAddress(this.#sender))
    }
  }

  #receive({ libc, fd }: NativeSocket): Uint8Array | undefined {
    if (this.#piece.byteLength - this.#used < LONGEST) {
      this.#piece = new Uint8Array(PIECE_BYTES)
      this.#used = 0
    }
    const room = this.#piece.subarray(this.#used)
    const length = Number(libc.recvfrom(fd, room, BigInt(LONGEST), 0, this.#sender, this.#senderBytes))
    if (length < 0) return undefined
    this.#used += length
    return room.subarray(0, length)
  }

  #sendByNode(datagram: Uint8Array, { address, port }: UdpPeer): void {
    const copy = Uint8Array.from(datagram) // it is sent later
    this.#socket.send(copy, port, address, (error) => {
      if (error !== null && !this.#closed) this.#socket.emit('error', error)
    })
  }

  /** A storm comes through one relay, or is answered by broadcast. */
  #addressOf({ address, port }: UdpPeer): Uint8Array {
    const last = this.#target
    if (last.address === address && last.port === port) return last.bytes
    this.#target = { address, port, bytes: socketAddress(address, port) }
    return this.#target.bytes
  }
}
