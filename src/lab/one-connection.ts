import { createServer, type Server, type Socket } from 'node:net'

/** A unix socket in wait for the one connection that QEMU makes when it starts. */
export interface OneConnection {
  readonly connected: Promise<Socket>
  /** Listens no longer; the socket file goes. */
  close(): void
}

/**
 * Listens at `path` for one connection. QEMU is the one that connects: then nothing is sent before somebody reads.
 *
 * @throws the system's error, such as a path that is too long
 */
export async function listenOnce(path: string): Promise<OneConnection> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>()
  promise.catch(() => undefined) // nobody waits any more when it is closed early
  const server = createServer((socket) => {
    server.close()
    resolve(socket)
  })
  await listening(server, path)
  const close = (): void => {
    server.close()
    reject(new Error(`nobody connected to ${path}`))
  }
  return { connected: promise, close }
}

/** Resolves once the server listens at the path of a unix socket. */
export function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
