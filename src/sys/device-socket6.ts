import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { loadLibc, type Libc } from './libc.ts'

export interface DeviceSocket6Options {
  /** Datagrams come and go on this interface only. */
  readonly interface: string
  readonly port: number
  /** Multicast groups that are joined there. */
  readonly groups: readonly string[]
}

const AF_INET6 = 10
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_BINDTODEVICE = 25
const IPPROTO_IPV6 = 41
const IPV6_V6ONLY = 26

/**
 * Binds an IPv6 UDP socket to a network interface, as `openDeviceSocket` does for IPv4, and joins groups there. Where
 * Node has no FFI it is bound to the port alone, and a second server on another interface finds the port taken.
 *
 * @throws the system's error, with its `code`: EADDRINUSE, EACCES, ENODEV …
 */
export async function openDeviceSocket6({ interface: name, port, groups }: DeviceSocket6Options): Promise<Socket> {
  const libc = await loadLibc()
  const fd = libc === undefined ? undefined : openBound(libc, name, port)
  const socket = createSocket({ type: 'udp6', ipv6Only: true })
  const listening = once(socket, 'listening') // before bind(), which with `fd` emits it at once
  try {
    if (fd === undefined) socket.bind({ port, address: '::', exclusive: true })
    else socket.bind({ fd, exclusive: true })
    await listening
    for (const group of groups) socket.addMembership(group, `::%${name}`)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Opens the socket and binds it: to the device first, so that other devices may have the same port. */
function openBound(libc: Libc, name: string, port: number): number {
  const fd = libc.call('socket', libc.socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  try {
    const only = new Uint8Array(new Int32Array([1]).buffer)
    libc.call('IPV6_V6ONLY', libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, only, only.byteLength))
    const device = Buffer.from(`${name}\0`)
    libc.call('SO_BINDTODEVICE', libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.byteLength))
    const target = anyAddress(port)
    libc.call('bind', libc.bind(fd, target, target.byteLength))
    return fd
  } catch (error) {
    libc.close(fd)
    throw error
  }
}

/** `struct sockaddr_in6` of `::`: the family in the byte order of the host, the port in that of the network. */
function anyAddress(port: number): Buffer {
  const bytes = Buffer.alloc(28)
  new Uint16Array(bytes.buffer, bytes.byteOffset, 1)[0] = AF_INET6
  bytes.writeUInt16BE(port, 2)
  return bytes
}
