import { byteStringOf } from '../../wire/bytestring.ts'
import { RpcClient } from './client.ts'
import type { RpcProgram } from './program.ts'

/** Where rpcbind listens for programs of its own host: it takes registrations only from there. */
export const RPCBIND_SOCKET = '/run/rpcbind.sock'

const RPCBIND = { program: 100_000, version: 4 } as const
/** RFC 1833 §2.1 */
const PROCEDURE = { set: 1, unset: 2 } as const

/** One line of `rpcinfo`. */
interface Service {
  readonly name: string
  readonly program: number
  readonly version: number
  /** The universal address of TCP, RFC 5665 §5.2.3.3: `10.0.0.1.8.1` is port 2049. */
  readonly address: string
}

export interface RegistrationOptions {
  /** IPv4 address that the programs listen on. */
  readonly host: string
  /** Their TCP port. */
  readonly port: number
  /** rpcbind's socket, {@link RPCBIND_SOCKET} if it is left out. */
  readonly socket?: string
  /** What to do where there is none, after "or": `serve without --rpcbind`. */
  readonly instead: string
}

/** Programs that rpcbind (RFC 1833) knows, for clients that ask it for ports. They are taken out again when it is disposed. */
export class RpcbindRegistration implements AsyncDisposable {
  readonly #socket: string
  readonly #services: readonly Service[]

  /** @throws {Error} which says that rpcbind does not run, or which program somebody else has registered: then none is */
  static async register(programs: readonly RpcProgram[], options: RegistrationOptions): Promise<RpcbindRegistration> {
    const { host, port, socket = RPCBIND_SOCKET, instead } = options
    const done: Service[] = []
    const registration = new RpcbindRegistration(socket, done)
    await using client = await connect(socket).catch((cause: unknown) => {
      throw new Error(`Cannot register with rpcbind at ${socket}: does it run? Start it, or ${instead}`, { cause })
    })
    for (const service of servicesOf(programs, host, port)) {
      if (await ask(client, PROCEDURE.set, service)) done.push(service)
      else {
        await registration[Symbol.asyncDispose]()
        const what = `${service.name} (program ${service.program}, version ${service.version})`
        throw new Error(
          `Cannot register ${what} with rpcbind: it is registered already, see "rpcinfo -p"; stop the server it belongs to, or ${instead}`,
        )
      }
    }
    return registration
  }

  private constructor(socket: string, services: readonly Service[]) {
    this.#socket = socket
    this.#services = services
  }

  /** An rpcbind that has ended meanwhile knows nothing any more, so there is nothing to take out. */
  async [Symbol.asyncDispose](): Promise<void> {
    const client = await connect(this.#socket).catch(() => undefined)
    if (client === undefined) return
    await using open = client
    for (const service of this.#services) await ask(open, PROCEDURE.unset, service)
  }
}

function connect(socket: string): Promise<RpcClient> {
  return RpcClient.connect({ path: socket })
}

function servicesOf(programs: readonly RpcProgram[], host: string, port: number): Service[] {
  const address = `${host}.${port >> 8}.${port & 0xff}`
  return programs.flatMap(({ name, number: program, versions }) =>
    [...versions.keys()].map((version) => ({ name, program, version, address })),
  )
}

/** rpcb, RFC 1833 §2.1. rpcbind fills in the owner itself, from whose process it is. */
async function ask(client: RpcClient, procedure: number, { program, version, address }: Service): Promise<boolean> {
  const result = await client.call({ ...RPCBIND, procedure }, (w) =>
    w.u32(program).u32(version).string('tcp').string(byteStringOf(address)).string(''),
  )
  return result.bool('done')
}
