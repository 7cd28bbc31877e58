import type { Logger } from '../../../sys/log.ts'
import type { Procedure, RpcCall } from '../../rpc/program.ts'
import type { Steps } from '../../rpc/steps.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { MAX_HANDLE_BYTES } from '../handle.ts'
import type { Locator } from '../located.ts'
import type { WriteVerifier } from '../write-verifier.ts'
import { statusOf } from './status.ts'

/** What the procedures share. */
export interface NfsService {
  readonly locator: Locator
  /** writeverf3, RFC 1813 §3.3.21. */
  readonly writeVerifier: WriteVerifier
  /** Told of every READ: by whom, from which export, how many bytes. */
  readonly onRead: ((address: string, exportPath: string, bytes: number) => void) | undefined
  readonly log: Logger
}

/** A procedure of NFS, in its three parts. */
export interface NfsProcedure<Arguments> {
  /** Reads the arguments. @throws {WireError} */
  readonly decode: (args: XdrReader) => Arguments
  /** Writes status and results. What it throws becomes a status. It returns steps where it may have to wait. */
  readonly run: (service: NfsService, call: RpcCall, args: Arguments) => Steps | undefined
  /** Writes what follows a status other than NFS3_OK when nothing is known of the file. */
  readonly fail: (reply: XdrWriter) => void
}

/** The procedure as RPC calls it. */
export function procedure<Arguments>(service: NfsService, parts: NfsProcedure<Arguments>): Procedure {
  const { decode, run, fail } = parts
  return (call) => {
    const args = decode(call.args)
    const { reply } = call
    const start = reply.length
    const failed = (error: unknown): undefined => {
      reply.truncate(start)
      reply.u32(statusOf(error, service.log))
      fail(reply)
    }
    try {
      const steps = run(service, call, args)
      return steps === undefined ? undefined : guarded(steps, failed)
    } catch (error) {
      return failed(error)
    }
  }
}

function* guarded(steps: Steps, failed: (error: unknown) => undefined): Steps {
  try {
    yield* steps
  } catch (error) {
    failed(error)
  }
}

/** nfs_fh3 */
export function readHandle(args: XdrReader): Buffer {
  return args.opaque(MAX_HANDLE_BYTES, 'file handle')
}

/** Results of a failure that say nothing more than the status. */
export function nothing(): void {
  // GETATTR alone has no attributes beside a failure, RFC 1813 §3.3.1.
}
