import { randomBytes } from 'node:crypto'
import { explainBindError } from '../../sys/bind-error.ts'
import { silent } from '../../sys/log.ts'
import { portmapperProgram } from '../rpc/portmapper.ts'
import { RpcServer, type RpcServerOptions } from '../rpc/server.ts'
import { aclProgram } from './acl/program.ts'
import type { NfsExports } from './export.ts'
import { Locator } from './located.ts'
import { type MountEvent, mountProgram } from './mount/program.ts'
import { nfsProgram } from './v3/program.ts'

/** A file that nobody read for this long is closed. */
const IDLE_FILE_MS = 30_000

export interface NfsServerOptions extends Omit<RpcServerOptions, 'programs'> {
  readonly exports: NfsExports
  /** Told of every request to mount, granted or not. */
  readonly onMount?: (event: MountEvent) => void
  /** Told of every READ: by whom, from which export, how many bytes. */
  readonly onRead?: (address: string, exportPath: string, bytes: number) => void
}

/**
 * A read-only server of NFSv3, NFSACL and MOUNT (RFC 1813) on one TCP port, with the portmapper's answers for clients that look
 * there. It keeps no state that a client needs: kill it, start it again, and mounts go on.
 */
export class NfsServer implements AsyncDisposable {
  readonly #rpc: RpcServer
  readonly #locator: Locator
  readonly #idleTimer: NodeJS.Timeout

  /** @throws {BindError} which says who has the port, or which right is missing */
  static async listen({ exports, onMount, onRead, log = silent, ...rest }: NfsServerOptions): Promise<NfsServer> {
    const locator = new Locator(exports)
    const service = { locator, writeVerifier: randomBytes(8), onRead, log }
    const nfs = nfsProgram(service)
    const mount = mountProgram({ exports, onMount })
    const portmapper = portmapperProgram([nfs, mount], () => rpc.port)
    const programs = [nfs, aclProgram(service), mount, portmapper]
    const rpc = await RpcServer.listen({ ...rest, log, programs }).catch(async (error: unknown) => {
      const { port, host = '0.0.0.0' } = rest
      throw await explainBindError(error, { protocol: 'tcp', port, action: `serve NFS on ${host}` })
    })
    return new NfsServer(rpc, locator)
  }

  private constructor(rpc: RpcServer, locator: Locator) {
    this.#rpc = rpc
    this.#locator = locator
    this.#idleTimer = setInterval(() => locator.closeIdle(performance.now() - IDLE_FILE_MS), IDLE_FILE_MS).unref()
  }

  get port(): number {
    return this.#rpc.port
  }
  /** How many clients are connected. */
  get connections(): number {
    return this.#rpc.connections
  }
  /** Stops listening, ends all connections, closes files. The trees stay open: they are the caller's. */
  async close(): Promise<void> {
    clearInterval(this.#idleTimer)
    await this.#rpc.close()
    this.#locator.closeIdle(Number.POSITIVE_INFINITY)
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
