import type { Socket } from 'node:net'
import { type Libc, loadLibc } from './libc.ts'

/** MSG_DONTWAIT, MSG_NOSIGNAL and MSG_MORE: more follows at once, so that no small packet is sent now. */
const MORE = 0x40 | 0x4000 | 0x8000

/** Where bytes lie in an open file. */
export interface FilePart {
  readonly fd: number
  readonly offset: number
  readonly length: number
}

/**
 * Hands bytes to the kernel for a socket in one call and without a copy of Node's, or from a file without any copy: a
 * write through `node:net` costs several times as much as the call itself.
 */
export class DirectSender {
  readonly #libc: Libc
  readonly #offset = Buffer.alloc(8)

  /** Undefined where Node has no FFI. */
  static async load(): Promise<DirectSender | undefined> {
    const libc = await loadLibc()
    return libc === undefined ? undefined : new DirectSender(libc)
  }
  private constructor(libc: Libc) {
    this.#libc = libc
  }

  /**
   * Sends what the socket's buffer takes.
   *
   * @returns how many bytes that were; 0 too if the client is gone, as the next ordinary write will find
   */
  send(socket: Socket, bytes: Uint8Array, more: boolean): number {
    const fd = descriptorOf(socket)
    if (fd === undefined) return 0
    const length = BigInt(bytes.byteLength)
    // Sockets of Node do not wait, and it ignores SIGPIPE.
    const sent = more ? this.#libc.send(fd, bytes, length, MORE) : this.#libc.write(fd, bytes, length)
    return Math.max(0, Number(sent))
  }
  /** The same with bytes of a file; 0 also where the file does not have them. */
  sendFile(socket: Socket, { fd: file, offset, length }: FilePart): number {
    const fd = descriptorOf(socket)
    if (fd === undefined) return 0
    this.#offset.writeBigUInt64LE(BigInt(offset))
    return Math.max(0, Number(this.#libc.sendfile(fd, file, this.#offset, BigInt(length))))
  }
}

/**
 * The descriptor of a plain TCP socket with nothing left to write; undefined if there is none, and of one with TLS, past
 * which nothing may be sent. Asked for each time: the number of a closed socket may belong to another.
 */
function descriptorOf(socket: Socket): number | undefined {
  if (socket.destroyed || socket.writableLength > 0 || 'encrypted' in socket) return undefined
  const handle: unknown = '_handle' in socket ? socket._handle : undefined
  if (typeof handle !== 'object' || handle === null || !('fd' in handle)) return undefined
  return typeof handle.fd === 'number' && handle.fd >= 0 ? handle.fd : undefined
}
