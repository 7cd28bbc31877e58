import { explainBindError } from '../../sys/bind-error.ts'
import { silent } from '../../sys/log.ts'
import { byteStringOf } from '../../wire/bytestring.ts'
import type { RpcProgram } from '../rpc/program.ts'
import { portmapperProgram } from '../rpc/portmapper.ts'
import { RpcServer, type RpcServerOptions } from '../rpc/server.ts'
import { aclProgram } from './acl/program.ts'
import type { NfsExports } from './export.ts'
import { openKeptState } from './kept-state.ts'
import { Locator } from './located.ts'
import type { MountList } from './mount/mount-list.ts'
import { type MountEvent, mountProgram } from './mount/program.ts'
import { nfsProgram } from './v3/program.ts'
import { NFS_V4 } from './v4/constants.ts'
import { Namespace } from './v4/namespace.ts'
import { nfs4Procedures } from './v4/program.ts'
import { StateKeeper } from './v4/state-keeper.ts'

/** Bytes of one call: a WRITE of 1 MiB and what is around it. */
const REQUEST_BYTES = 1024 * 1024 + 64 * 1024
/** A file that nobody read for this long is closed. */
const IDLE_FILE_MS = 30_000
/** How often leases are looked at. */
const TICK_MS = 5000

export interface NfsServerOptions extends Omit<RpcServerOptions, 'programs'> {
  readonly exports: NfsExports
  /** Told of every request to mount, granted or not. */
  readonly onMount?: (event: MountEvent) => void
  /** Told of every READ: by whom, from which export, how many bytes. */
  readonly onRead?: (address: string, exportPath: string, bytes: number) => void
  /** Who has mounted what, where servers on several ports share it. */
  readonly mounts?: MountList
  /** Where to keep what the next run must know, so that mounts of version 4 go on as they were: {@link openKeptState}. */
  readonly stateDirectory?: string
  /** Told when nobody at an address has a lease of version 4.1 or 4.2 any more that had one. */
  readonly onClientGone?: (address: string) => void
}

interface Started {
  readonly programs: readonly RpcProgram[]
  readonly rpc: RpcServer
  readonly locator: Locator
  readonly keeper: StateKeeper
  readonly state: AsyncDisposable
}

/**
 * A server of NFSv3, NFSACL and MOUNT (RFC 1813) and of NFSv4.0 to 4.2 (RFC 7530, 8881, 7862) on one TCP port, with the
 * portmapper's answers for clients that look there. Kill it, start it again, and mounts go on: version 3 needs nothing
 * kept, and clients of version 4 take back what they had.
 */
export class NfsServer implements AsyncDisposable {
  /** What rpcbind may be told of. */
  readonly programs: readonly RpcProgram[]
  readonly #rpc: RpcServer
  readonly #locator: Locator
  readonly #state: AsyncDisposable
  readonly #idleTimer: NodeJS.Timeout
  readonly #leaseTimer: NodeJS.Timeout

  /** @throws {BindError} which says who has the port, or which right is missing; {InUseError} who has the state */
  static async listen(options: NfsServerOptions): Promise<NfsServer> {
    const { exports, onMount, onRead, log = silent, stateDirectory, mounts, onClientGone, ...rest } = options
    const locator = new Locator(exports)
    await using opening = new AsyncDisposableStack()
    const { records, scope, writeVerifier } = opening.use(await openKeptState(stateDirectory, log))
    const service = { locator, writeVerifier, onRead, log }
    const keeper = await StateKeeper.open({
      log,
      records,
      ...(onClientGone === undefined ? {} : { onGone: onClientGone }),
    })
    const requestBytes = rest.limits?.recordBytes ?? REQUEST_BYTES
    const limits = { ...rest.limits, recordBytes: requestBytes }
    const namespace = new Namespace(exports, locator)
    const v4 = nfs4Procedures({ ...service, keeper, namespace, onMount, requestBytes, scope: byteStringOf(scope) })
    const v3 = nfsProgram(service)
    const nfs = { ...v3, versions: new Map([...v3.versions, [NFS_V4, v4]]) }
    const mount = mountProgram({ exports, onMount, ...(mounts === undefined ? {} : { mounts }) })
    const portmapper = portmapperProgram([nfs, mount], () => rpc.port)
    const served = [nfs, aclProgram(service), mount]
    const programs = [...served, portmapper]
    const rpc = await RpcServer.listen({ ...rest, limits, log, programs }).catch(async (error: unknown) => {
      const { port, host = '0.0.0.0' } = rest
      throw await explainBindError(error, { protocol: 'tcp', port, action: `serve NFS on ${host}` })
    })
    return new NfsServer({ programs: served, rpc, locator, keeper, state: opening.move() })
  }

  private constructor({ programs, rpc, locator, keeper, state }: Started) {
    this.#state = state
    this.programs = programs
    this.#rpc = rpc
    this.#locator = locator
    this.#idleTimer = setInterval(() => locator.closeIdle(performance.now() - IDLE_FILE_MS), IDLE_FILE_MS).unref()
    this.#leaseTimer = setInterval(() => void keeper.tick(), TICK_MS).unref()
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
    clearInterval(this.#leaseTimer)
    await this.#rpc.close()
    this.#locator.closeIdle(Number.POSITIVE_INFINITY)
    await this.#state[Symbol.asyncDispose]()
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
