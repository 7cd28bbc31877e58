import { once } from 'node:events'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { DirectSender } from '../../sys/direct-sender.ts'
import { type Logger, silent } from '../../sys/log.ts'
import { BlockPool } from './block-pool.ts'
import { RpcConnection } from './connection.ts'
import { type ProgramTable, programTable } from './dispatcher.ts'
import type { RpcProgram } from './program.ts'
import { DEFAULT_LIMITS, type RpcLimits } from './session.ts'

export interface RpcServerOptions {
  readonly programs: readonly RpcProgram[]
  readonly host?: string
  /** 0 takes any free one. */
  readonly port: number
  readonly limits?: Partial<RpcLimits>
  /** Connections beyond this many are closed at once. */
  readonly maxConnections?: number
  /** Of one address, so that none takes all. Default: a quarter of all. */
  readonly maxConnectionsOfPeer?: number
  /** A peer that leaves a reply untaken or a call unfinished for this long, or a quarter longer, is disconnected. */
  readonly stallTimeoutMs?: number
  readonly log?: Logger
}

/** ONC RPC over TCP, RFC 5531. Bound once `listen()` resolves, idle once `close()` does. */
export class RpcServer implements AsyncDisposable {
  readonly #server: Server
  readonly #programs: ProgramTable
  readonly #limits: RpcLimits
  readonly #maxConnections: number
  readonly #maxOfPeer: number
  readonly #sweepTimer: NodeJS.Timeout
  readonly #log: Logger
  readonly #direct: DirectSender | undefined
  readonly #pool = new BlockPool()
  readonly #connections = new Set<RpcConnection>()
  readonly #byAddress = new Map<string, number>()
  #closed: Promise<void> | undefined

  /** @throws the system's error if the address cannot be bound, such as EADDRINUSE */
  static async listen(options: RpcServerOptions): Promise<RpcServer> {
    const rpc = new RpcServer(options, await DirectSender.load())
    rpc.#server.listen(options.port, options.host ?? '0.0.0.0')
    await once(rpc.#server, 'listening')
    rpc.#server.on('error', (error) => rpc.#log.warn('RPC server socket failed', { error }))
    return rpc
  }

  private constructor(options: RpcServerOptions, direct: DirectSender | undefined) {
    const { programs, limits = {}, maxConnections = 1024, stallTimeoutMs = 120_000, log = silent } = options
    const { maxConnectionsOfPeer = Math.ceil(maxConnections / 4) } = options
    this.#direct = direct
    this.#programs = programTable(programs)
    this.#limits = { ...DEFAULT_LIMITS, ...limits }
    this.#maxConnections = maxConnections
    this.#maxOfPeer = maxConnectionsOfPeer
    this.#log = log
    this.#sweepTimer = setInterval(() => this.#sweep(stallTimeoutMs), stallTimeoutMs / 4).unref()
    // A client may close its half after its last call; it still gets its replies.
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000, allowHalfOpen: true })
    this.#server.on('connection', (socket) => this.#accept(socket))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }
  /** How many peers are connected. */
  get connections(): number {
    return this.#connections.size
  }
  /** Stops listening and ends all connections. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closed ??= this.#shutDown())
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #shutDown(): Promise<void> {
    clearInterval(this.#sweepTimer)
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const connection of this.#connections) connection.end()
    await closed
  }

  #accept(socket: Socket): void {
    const peer = { address: socket.remoteAddress ?? 'unknown', port: socket.remotePort ?? 0 }
    const ofPeer = this.#byAddress.get(peer.address) ?? 0
    if (this.#connections.size >= this.#maxConnections || ofPeer >= this.#maxOfPeer) {
      const connections = this.#connections.size
      this.#log.warn('RPC connection refused: too many', { peer: peer.address, connections, ofPeer })
      socket.destroy()
      return
    }
    const connection = new RpcConnection(socket, {
      programs: this.#programs,
      peer,
      pool: this.#pool,
      limits: this.#limits,
      direct: this.#direct,
      log: this.#log,
    })
    this.#connections.add(connection)
    this.#byAddress.set(peer.address, ofPeer + 1)
    socket.once('close', () => this.#forget(connection, peer.address))
  }

  #forget(connection: RpcConnection, address: string): void {
    this.#connections.delete(connection)
    const left = (this.#byAddress.get(address) ?? 1) - 1
    if (left > 0) this.#byAddress.set(address, left)
    else this.#byAddress.delete(address)
  }

  #sweep(stallTimeoutMs: number): void {
    const since = performance.now() - stallTimeoutMs
    for (const connection of this.#connections) connection.endIfStalled(since)
  }
}
