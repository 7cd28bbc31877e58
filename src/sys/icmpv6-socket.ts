import { readFile } from 'node:fs/promises'
import { type Libc, loadLibc } from './libc.ts'

const AF_INET6 = 10
const SOCK_RAW = 3
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const IPPROTO_IPV6 = 41
const IPPROTO_ICMPV6 = 58
const IPV6_UNICAST_HOPS = 16
/** Neighbour discovery is only believed if no router can have passed it on, RFC 4861 §6.1. */
const HOPS = 255

/** Sends ICMPv6 messages to neighbours on one interface. It receives none. */
export class Icmpv6Socket implements Disposable {
  readonly #libc: Libc
  readonly #fd: number
  readonly #scope: number

  /**
   * Opens one, or nothing where this cannot be: without `node:ffi`, without CAP_NET_RAW, without IPv6.
   *
   * @param name of the interface
   */
  static async open(name: string): Promise<Icmpv6Socket | undefined> {
    const libc = await loadLibc()
    const scope = Number(await readFile(`/sys/class/net/${name}/ifindex`, 'utf8').catch(() => '0'))
    if (libc === undefined || scope === 0) return undefined
    const fd = libc.socket(AF_INET6, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMPV6)
    if (fd < 0) return undefined
    const hops = new Uint8Array(new Int32Array([HOPS]).buffer)
    libc.setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, hops, hops.byteLength)
    return new Icmpv6Socket(libc, fd, scope)
  }

  private constructor(libc: Libc, fd: number, scope: number) {
    this.#libc = libc
    this.#fd = fd
    this.#scope = scope
  }

  /**
   * Hands a message to the kernel, which finds the neighbour and fills in the checksum.
   *
   * @param target 16 bytes, a link-local address
   * @returns false if the kernel did not take it
   */
  send(message: Uint8Array, target: Uint8Array): boolean {
    const address = this.#socketAddress(target)
    return this.#libc.sendto(this.#fd, message, BigInt(message.byteLength), 0, address, address.byteLength) >= 0n
  }
  [Symbol.dispose](): void {
    this.#libc.close(this.#fd)
  }

  /** `struct sockaddr_in6`: family and scope in the byte order of the host. */
  #socketAddress(target: Uint8Array): Buffer {
    const bytes = Buffer.alloc(28)
    new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = AF_INET6
    bytes.set(target, 8)
    new Uint32Array(bytes.buffer, bytes.byteOffset + 24, 1)[0] = this.#scope
    return bytes
  }
}
