import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { Ipv4 } from '../net/ipv4.ts'
import { loadLibc, type Libc } from './libc.ts'
import { socketAddress } from './socket-address.ts'

export interface DeviceSocketOptions {
  /** Datagrams come and go on this interface only. */
  readonly interface: string
  /** `0.0.0.0` for all, `255.255.255.255` for broadcasts alone. */
  readonly address: Ipv4
  readonly port: number
}

/** A bound UDP socket. */
export interface DeviceSocket {
  readonly socket: Socket
  /** The same socket for calls past Node, which cost a tenth of `node:dgram`; undefined where Node has no FFI. */
  readonly native?: NativeSocket
  /** False where Node has no FFI: then datagrams of other interfaces come in as well. */
  readonly boundToDevice: boolean
}

/** The descriptor of an open socket, and the calls for it. */
export interface NativeSocket {
  readonly libc: Libc
  readonly fd: number
}

const AF_INET = 2
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_BINDTODEVICE = 25
const SO_RCVBUFFORCE = 33
/** Bytes, as an int: some thousand datagrams, each with what the kernel needs for it. */
const RECEIVE_BUFFER = new Uint8Array(new Int32Array([4 * 2 ** 20]).buffer)

/**
 * Binds a UDP socket to a network interface, which `node:dgram` cannot do: the socket is made through `node:ffi` and
 * handed over. Where there is no FFI (Node before 26) it is bound to the address alone.
 *
 * @throws the system's error, with its `code`: EADDRINUSE, EACCES, ENODEV …
 */
export async function openDeviceSocket(options: DeviceSocketOptions): Promise<DeviceSocket> {
  const libc = await loadLibc()
  const fd = libc === undefined ? undefined : openBound(libc, options)
  const socket = createSocket('udp4')
  const listening = once(socket, 'listening') // before bind(), which with `fd` emits it at once
  try {
    if (fd === undefined) socket.bind({ port: options.port, address: options.address, exclusive: true })
    else socket.bind({ fd, exclusive: true })
    await listening
    socket.setBroadcast(true)
    const native = libc === undefined || fd === undefined ? {} : { native: { libc, fd } }
    return { socket, ...native, boundToDevice: libc !== undefined }
  } catch (error) {
    socket.close()
    throw error
  }
}

/** Opens the socket and binds it: to the device first, so that other devices may have the same port. */
function openBound(libc: Libc, { interface: name, address, port }: DeviceSocketOptions): number {
  const fd = libc.call('socket', libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0))
  try {
    const device = Buffer.from(`${name}\0`)
    libc.call('SO_BINDTODEVICE', libc.setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, device.byteLength))
    // a room full of machines asks at once; without the right to more it stays as it is
    libc.setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER, RECEIVE_BUFFER.byteLength)
    const target = socketAddress(address, port)
    libc.call('bind', libc.bind(fd, target, target.byteLength))
    return fd
  } catch (error) {
    libc.close(fd)
    throw error
  }
}
