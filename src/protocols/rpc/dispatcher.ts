import { type Logger, silent } from '../../sys/log.ts'
import { WireError } from '../../wire/error.ts'
import { CredentialReader } from './credential.ts'
import {
  ACCEPT_STATUS,
  AUTH_STATUS,
  type CallHeader,
  MAX_AUTH_BYTES,
  RPC_VERSION,
  decodeCallHeader,
  encodeAccepted,
  encodeAuthError,
  encodeProgramMismatch,
  encodeRpcMismatch,
} from './message.ts'
import type { Peer, Procedure, RpcProgram } from './program.ts'
import { runSteps } from './steps.ts'
import { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

const NOTHING = Buffer.alloc(0)

export type ProgramTable = ReadonlyMap<number, RpcProgram>

/** Programs by their number. */
export function programTable(programs: readonly RpcProgram[]): ProgramTable {
  return new Map(programs.map((program) => [program.number, program]))
}

/** Answers the calls of one connection: finds the procedure, and says by the rules of RFC 5531 §9 why there is none. */
export class Dispatcher {
  readonly #programs: ProgramTable
  readonly #peer: Peer
  readonly #log: Logger
  readonly #reader = new XdrReader('RPC call')
  readonly #credentials = new CredentialReader()

  constructor(programs: ProgramTable, peer: Peer, log: Logger = silent) {
    this.#programs = programs
    this.#peer = peer
    this.#log = log
  }

  /**
   * Writes the reply of one call behind what the present message of `reply` already has. A promise if it is not
   * complete yet; the promise does not reject.
   *
   * @throws {WireError} if the record is no call: close the connection
   */
  answer(record: Uint8Array, reply: XdrWriter): Promise<void> | undefined {
    const args = this.#reader.reset(record)
    const header = decodeCallHeader(args)
    if (header.rpcVersion !== RPC_VERSION) return encodeRpcMismatch(reply, header.xid)
    const credential = this.#credentials.read(args)
    if (credential === undefined) return encodeAuthError(reply, header.xid, AUTH_STATUS.badCredential)
    if (!skipVerifier(args)) return encodeAuthError(reply, header.xid, AUTH_STATUS.badVerifier)
    const procedure = this.#find(header, reply)
    if (procedure === undefined) return undefined
    return this.#run(procedure, header, { xid: header.xid, args, reply, credential, peer: this.#peer })
  }

  /** No call is there: the last one is not kept in memory until the next comes. */
  rest(): void {
    this.#reader.reset(NOTHING)
  }

  /** The procedure; or undefined, and the reply says why. */
  #find(header: CallHeader, reply: XdrWriter): Procedure | undefined {
    const { xid } = header
    const versions = this.#programs.get(header.program)?.versions
    if (versions === undefined) return encodeAccepted(reply, xid, ACCEPT_STATUS.programUnavailable)
    const procedures = versions.get(header.version)
    if (procedures === undefined) {
      return encodeProgramMismatch(reply, xid, Math.min(...versions.keys()), Math.max(...versions.keys()))
    }
    const procedure = procedures[header.procedure]
    if (procedure === undefined) encodeAccepted(reply, xid, ACCEPT_STATUS.procedureUnavailable)
    return procedure
  }

  #run(procedure: Procedure, header: CallHeader, call: Parameters<Procedure>[0]): Promise<void> | undefined {
    const start = call.reply.length
    const failed = (error: unknown): undefined => this.#fail(error, header, call.reply, start)
    encodeAccepted(call.reply, header.xid, ACCEPT_STATUS.success)
    try {
      const steps = procedure(call)
      return steps === undefined ? undefined : runSteps(steps)?.catch(failed)
    } catch (error) {
      return failed(error)
    }
  }

  #fail(error: unknown, header: CallHeader, reply: XdrWriter, start: number): undefined {
    const garbage = error instanceof WireError
    const { program, version, procedure } = header
    const fields = { peer: this.#peer.address, program, version, procedure, error }
    this.#log[garbage ? 'debug' : 'warn']('RPC call failed', fields)
    reply.truncate(start)
    encodeAccepted(reply, header.xid, garbage ? ACCEPT_STATUS.garbageArguments : ACCEPT_STATUS.systemError)
  }
}

function skipVerifier(args: XdrReader): boolean {
  args.u32('verifier flavour')
  const length = args.u32('verifier length')
  if (length > MAX_AUTH_BYTES) return false
  args.fixed(length, 'verifier')
  return true
}
