import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { statfsSync } from 'node:fs'
import type { TestContext } from 'node:test'
import { type Libc, loadLibc } from './libc.ts'
import { socketAddress } from './socket-address.ts'

const LOOPBACK = '127.0.0.1'
const [AF_INET, SOCK_DGRAM, SOCK_NONBLOCK] = [2, 2, 0o4000]

/** For tests: is FFI switched off by hand? A Node that has none fails them, so that nobody believes they ran. */
export const withoutFfi = process.env['NETROOT_NO_FFI'] === undefined ? false : 'NETROOT_NO_FFI is set'

const TMPFS = 0x01021994

/** For tests that take a file out of the page cache: why they cannot do so in this directory, or false. */
export async function withoutColdPages(directory: string): Promise<string | false> {
  await loadLibc() // what is loaded once is there for the test
  if (statfsSync(directory).type === TMPFS) return 'tmpfs keeps all in memory'
  return withoutFfi
}

/** For tests: UDP sockets that no event loop reads, and a client that sends to them. */
export interface UnreadSockets {
  readonly libc: Libc
  readonly fds: readonly number[]
  /** Sends to one of them; what it sent is there when it resolves. */
  send(to: number, text: string): Promise<unknown>
  /** What waits in one of them; undefined for nothing. */
  receive(from: number): string | undefined
}

/** Opens so many; undefined where Node has no FFI. */
export async function unreadSockets(t: TestContext, count: number): Promise<UnreadSockets | undefined> {
  const libc = await loadLibc()
  if (libc === undefined) return undefined
  const client = createSocket('udp4').bind(0, LOOPBACK)
  t.after(() => client.close())
  await once(client, 'listening')
  const ports = new Map<number, number>()
  for (let n = 0; n < count; n += 1) {
    const fd = libc.call('socket', libc.socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0))
    t.after(() => libc.close(fd))
    libc.sendto(fd, new Uint8Array(1), 1n, 0, socketAddress(LOOPBACK, client.address().port), 16)
    const [, { port }] = (await once(client, 'message')) as [Buffer, { port: number }]
    ports.set(fd, port)
  }
  return {
    libc,
    fds: [...ports.keys()],
    send: (to, text) => new Promise((resolve) => client.send(text, ports.get(to), LOOPBACK, resolve)),
    receive(from) {
      const bytes = Buffer.alloc(64)
      const length = Number(libc.recv(from, bytes, 64n, 0))
      return length < 0 ? undefined : bytes.toString('latin1', 0, length)
    },
  }
}
