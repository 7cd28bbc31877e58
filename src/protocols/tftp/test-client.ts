import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** A client of the tests: sends what it is told to, keeps what comes. */
export class TestClient implements AsyncDisposable {
  readonly #socket: Socket
  readonly #came: { datagram: Buffer; from: RemoteInfo }[] = []

  static async open(): Promise<TestClient> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    return new TestClient(socket)
  }
  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', (datagram, from) => this.#came.push({ datagram, from }))
  }

  send(datagram: Uint8Array, port: number, address = '127.0.0.1'): void {
    this.#socket.send(datagram, port, address)
  }
  /** The next datagram; rejects if none comes in time. */
  async next(milliseconds = 3000): Promise<{ datagram: Buffer; from: RemoteInfo }> {
    const signal = AbortSignal.timeout(milliseconds)
    while (this.#came.length === 0) await once(this.#socket, 'message', { signal })
    const first = this.#came.shift()
    if (first === undefined) throw new Error('nothing came')
    return first
  }
  /** How many datagrams come in a while. */
  async countFor(milliseconds: number): Promise<number> {
    await new Promise((resolve) => setTimeout(resolve, milliseconds))
    return this.#came.length
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }
}
