import type { Credential } from './credential.ts'
import type { Steps } from './steps.ts'
import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

/** Who is at the other end of a connection. */
export interface Peer {
  readonly address: string
  readonly port: number
}

/** One call of a procedure. */
export interface RpcCall {
  /** Of the call: a client that asks again because it missed the reply says the same. */
  readonly xid: number
  /** The arguments. They must be read before the first wait: the reader then serves the next call. */
  readonly args: XdrReader
  /** Where the results are written. */
  readonly reply: XdrWriter
  readonly credential: Credential
  readonly peer: Peer
}

/**
 * Reads arguments, writes results. It returns steps where it may have to wait.
 *
 * @throws {WireError} if the arguments cannot be decoded (GARBAGE_ARGS); anything else is SYSTEM_ERR
 */
export type Procedure = (call: RpcCall) => Steps | undefined

/** A program of RFC 5531: per version its procedures by number, where a hole is PROC_UNAVAIL. */
export interface RpcProgram {
  readonly number: number
  readonly name: string
  readonly versions: ReadonlyMap<number, readonly (Procedure | undefined)[]>
}

/** Procedure 0 of every program: it takes nothing and gives nothing. */
export const nullProcedure: Procedure = () => undefined
