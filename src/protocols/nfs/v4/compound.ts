import type { RpcCall } from '../../rpc/program.ts'
import type { Steps } from '../../rpc/steps.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Located } from '../located.ts'
import type { AttributeLimits } from './attributes.ts'
import { MAX_READ_BYTES } from '../v3/constants.ts'
import type { Granted } from '../v3/granted.ts'
import { grantedTo } from './rights.ts'
import type { Nfs4Service } from './service.ts'
import type { StateKeeper } from './state-keeper.ts'
import type { Client } from './state/client.ts'
import type { Session, Slot } from './state/session.ts'
import type { Stateid } from './stateid.ts'
import { NFS4, refuse } from './status.ts'

/** One compound on its way: what its operations leave for those that follow. */
export class Compound {
  readonly service: Nfs4Service
  readonly call: RpcCall
  /** Its own reader: other calls are read while this one waits. */
  readonly args: XdrReader
  readonly minor: number
  /** How many operations it says it has, and which one is being carried out, from 0. */
  readonly operations: number
  index = 0
  /** The current and the saved file handle, RFC 8881 §16.2.3. */
  current: Granted | undefined
  saved: Granted | undefined
  /** The stateid that "the current one" means, §16.2.3.1.2. */
  stateid: Stateid | undefined
  savedStateid: Stateid | undefined
  /** Since version 4.1: what SEQUENCE said. */
  session: Session | undefined
  slot: Slot | undefined
  cacheReply = false
  /** The whole answer, where it has been given before. */
  replay: Buffer | undefined

  constructor(service: Nfs4Service, call: RpcCall, minor: number, operations: number) {
    this.service = service
    this.call = call
    this.minor = minor
    this.operations = operations
    const { args } = call
    this.args = new XdrReader('NFSv4 operation', args.fixed(args.remaining - (args.remaining % 4), 'operations'))
  }

  get reply(): XdrWriter {
    return this.call.reply
  }
  get keeper(): StateKeeper {
    return this.service.keeper
  }
  get hasSessions(): boolean {
    return this.minor > 0
  }
  /** The client, since version 4.1. @throws {StatusError} */
  get client(): Client {
    return this.session?.client ?? refuse(NFS4.operationNotInSession)
  }
  /** The file that the current handle names. @throws {StatusError} NFS4ERR_NOFILEHANDLE */
  get file(): Granted {
    return this.current ?? refuse(NFS4.noFileHandle)
  }
  /** The same, of a directory. @throws {StatusError} NFS4ERR_SYMLINK, NFS4ERR_NOTDIR */
  get directory(): Granted {
    const { file } = this
    const { type } = file.attributes
    if (type !== 'directory') refuse(type === 'symlink' ? NFS4.symlink : NFS4.notDirectory)
    return file
  }
  get limits(): AttributeLimits {
    const { requestBytes, keeper } = this.service
    const writeBytes = 2 ** Math.floor(Math.log2(requestBytes - 1))
    return { minor: this.minor, leaseSeconds: keeper.clients.leaseMs / 1000, readBytes: MAX_READ_BYTES, writeBytes }
  }
  /** Makes this the current file; no stateid goes with it. @throws {StatusError} NFS4ERR_ACCESS outside the client's exports */
  enter(located: Located): void {
    this.current = grantedTo(this.call, located) ?? refuse(NFS4.access)
    this.stateid = undefined
  }
}

/** An operation: it reads its arguments, writes what follows its status, and throws {@link StatusError} if that is not NFS4_OK. */
export type Operation = (compound: Compound) => Steps | undefined

/** An operation in its two parts. */
export function operation<Arguments>(
  decode: (args: XdrReader, minor: number) => Arguments,
  run: (compound: Compound, args: Arguments) => Steps | undefined,
): Operation {
  return (compound) => run(compound, decode(compound.args, compound.minor))
}

/** Of operations without arguments. */
export function noArguments(): undefined {
  return undefined
}
