import type { Socket } from 'node:dgram'
import type { Channel, ChannelEvents } from './channel.ts'
import { keyOf, type TftpPeer } from './report.ts'

/**
 * Channels that all answer from the server's own port. RFC 1350 §4 wants a port for each transfer; but a firewall, or a
 * router that translates addresses, may let through only what comes from the port that was asked, and clients do not mind.
 */
export class SharedPort {
  readonly #socket: Socket
  readonly #channels = new Map<string, ChannelEvents>()

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** The channel to one client. One that it had before hears nothing any more. */
  open(peer: TftpPeer): Channel {
    const key = keyOf(peer)
    let own: ChannelEvents | undefined
    const send = (datagram: Uint8Array): void => {
      this.#socket.send(Buffer.from(datagram), peer.port, peer.address, () => undefined)
    }
    return {
      send,
      listen: (events) => {
        own = events
        this.#channels.set(key, events)
      },
      sendRun: (datagrams, length) => {
        for (let at = 0; at < datagrams.byteLength; at += length) send(datagrams.subarray(at, at + length))
      },
      close: () => {
        if (this.#channels.get(key) === own) this.#channels.delete(key)
      },
    }
  }
  /** Hands on what a client sent to the one port. */
  receive(datagram: Uint8Array, peer: TftpPeer): void {
    this.#channels.get(keyOf(peer))?.datagram(datagram)
  }
}
