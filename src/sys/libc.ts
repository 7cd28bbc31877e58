import { getSystemErrorMap } from 'node:util'

/** The few calls of the C library that Node has no function for. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  connect(fd: number, address: Uint8Array, length: number): number
  send(fd: number, bytes: Uint8Array, length: bigint, flags: number): bigint
  /** To a socket with nothing to be said besides; with three arguments it takes `node:ffi` half as long as `send`. */
  write(fd: number, bytes: Uint8Array, length: bigint): bigint
  sendto(fd: number, bytes: Uint8Array, length: bigint, flags: number, address: Uint8Array, size: number): bigint
  recv(fd: number, into: Uint8Array, length: bigint, flags: number): bigint
  /** @param size four bytes: room for the address of the sender, and then how much of it was used */
  recvfrom(fd: number, into: Uint8Array, length: bigint, flags: number, address: Uint8Array, size: Uint8Array): bigint
  close(fd: number): number
  epoll_create1(flags: number): number
  epoll_ctl(epoll: number, operation: number, fd: number, event: Uint8Array): number
  epoll_wait(epoll: number, events: Uint8Array, most: number, milliseconds: number): number
  dup(fd: number): number
  /** A system call that the library has no function for; its result is -1 with `errno` where it fails. */
  syscall(number: bigint, fd: bigint, path: Uint8Array, how: Uint8Array, size: bigint): bigint
  /** @param vector address of the `struct iovec` */
  preadv2(fd: number, vector: bigint, count: number, position: bigint, flags: number): bigint
  /** Bytes sent, from `offset` of the file on; not the place where the descriptor stands. */
  sendfile(socket: number, file: number, offset: Uint8Array, length: bigint): bigint
  /** Where bytes lie in memory. They must be held as long as the address is used. */
  addressOf(bytes: Uint8Array): bigint
  /**
   * Passes the result of one of them on.
   *
   * @throws the system's error of `errno`, with its `code`, if the result is negative
   */
  call(name: string, result: number): number
  /** The `code` of the error of the last call that failed, such as `ECONNREFUSED`. */
  errorCode(): string
}

const codes = getSystemErrorMap() // made anew at each call

let loaded: Promise<Libc | undefined> | undefined

/**
 * The C library through `node:ffi`, or undefined where there is none: Node before 26, another C library, a policy
 * against it. It is experimental, so nothing may depend on it without another way.
 */
export function loadLibc(): Promise<Libc | undefined> {
  loaded ??= open().catch(() => undefined)
  return loaded
}

async function open(): Promise<Libc | undefined> {
  if (process.env['NETROOT_NO_FFI'] !== undefined) return undefined
  const { dlopen, getInt32, getRawPointer } = await import('node:ffi')
  const { functions } = dlopen('libc.so.6', {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    setsockopt: { arguments: ['i32', 'i32', 'i32', 'pointer', 'u32'], return: 'i32' },
    bind: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
    connect: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
    send: { arguments: ['i32', 'pointer', 'u64', 'i32'], return: 'i64' },
    write: { arguments: ['i32', 'pointer', 'u64'], return: 'i64' },
    sendto: { arguments: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'u32'], return: 'i64' },
    recv: { arguments: ['i32', 'pointer', 'u64', 'i32'], return: 'i64' },
    recvfrom: { arguments: ['i32', 'pointer', 'u64', 'i32', 'pointer', 'pointer'], return: 'i64' },
    close: { arguments: ['i32'], return: 'i32' },
    epoll_create1: { arguments: ['i32'], return: 'i32' },
    epoll_ctl: { arguments: ['i32', 'i32', 'i32', 'pointer'], return: 'i32' },
    epoll_wait: { arguments: ['i32', 'pointer', 'i32', 'i32'], return: 'i32' },
    dup: { arguments: ['i32'], return: 'i32' },
    syscall: { arguments: ['i64', 'i64', 'pointer', 'pointer', 'u64'], return: 'i64' },
    preadv2: { arguments: ['i32', 'u64', 'i32', 'i64', 'i32'], return: 'i64' },
    sendfile: { arguments: ['i32', 'i32', 'pointer', 'u64'], return: 'i64' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  return {
    ...functions,
    addressOf: getRawPointer,
    call(name, result) {
      if (result < 0) throw systemError(name, getInt32(functions.__errno_location()))
      return result
    },
    errorCode() {
      return codeOf(getInt32(functions.__errno_location()))
    },
  }
}

function codeOf(errno: number): string {
  return codes.get(-errno)?.[0] ?? `errno ${errno}`
}

function systemError(name: string, errno: number): Error {
  const [code, text] = codes.get(-errno) ?? [`errno ${errno}`, 'unknown error']
  return Object.assign(new Error(`${name}: ${code}: ${text}`), { code, errno: -errno, syscall: name })
}
