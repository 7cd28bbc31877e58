import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { PlainConnection, type PlainService } from './plain-connection.ts'

/** How often it is looked for connections on which nothing moves, at most and at least. */
const [CHECK_MS, SHORTEST_CHECK_MS] = [1000, 10]

/**
 * The connections of an HTTP server as long as plain requests come on them. `node:http` is what takes the others: it is
 * given each as if it had just been accepted, so that its limits hold from there on.
 */
export class PlainConnections {
  readonly #connections = new Set<PlainConnection>()
  readonly #timer: NodeJS.Timeout

  /** @param service without what this class does itself */
  constructor(server: Server, service: Omit<PlainService, 'handOver'>, refuse: (socket: Socket) => void) {
    const others = server.listeners('connection')
    const handOver = (socket: Socket, bytes: Buffer): void => {
      if (socket.readableEnded) return refuse(socket) // it would wait for the end of the request
      socket.pause()
      if (bytes.byteLength > 0) socket.unshift(bytes)
      for (const listener of others) listener.call(server, socket)
      socket.resume()
    }
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => this.#accept(socket, { ...service, handOver }))
    const soonest = Math.min(...Object.values(service.patience)) / 4
    const interval = Math.max(SHORTEST_CHECK_MS, Math.min(CHECK_MS, soonest))
    this.#timer = setInterval(() => this.#check(), interval).unref()
  }

  /** Breaks off what is being sent and waits for it. */
  async close(): Promise<void> {
    clearInterval(this.#timer)
    await Promise.all([...this.#connections].map((connection) => connection.close()))
  }

  #accept(socket: Socket, service: PlainService): void {
    const connection = new PlainConnection(socket, service)
    this.#connections.add(connection)
    socket.once('close', () => void connection.close().then(() => this.#connections.delete(connection)))
  }
  #check(): void {
    const now = performance.now()
    for (const connection of this.#connections) connection.check(now)
  }
}
