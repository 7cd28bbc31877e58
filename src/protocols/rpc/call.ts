import { type Credential, NO_CREDENTIAL, encodeCredential } from './credential.ts'
import { AUTH_FLAVOR, MESSAGE_TYPE, RPC_VERSION } from './message.ts'
import { LAST_FRAGMENT } from './record.ts'
import { XdrWriter } from './xdr-writer.ts'

/** What a client asks for. */
export interface CallOptions {
  readonly xid: number
  readonly program: number
  readonly version: number
  readonly procedure: number
  readonly credential?: Credential
}

/** Encodes a call, RFC 5531 §9, with its record mark in front. `encodeArguments` writes what follows the header. */
export function encodeCall(options: CallOptions, encodeArguments: (w: XdrWriter) => unknown = () => undefined): Buffer {
  const { xid, program, version, procedure, credential = NO_CREDENTIAL } = options
  const w = new XdrWriter()
  w.u32(0).u32(xid).u32(MESSAGE_TYPE.call).u32(RPC_VERSION).u32(program).u32(version).u32(procedure)
  encodeCredential(w, credential)
  w.u32(AUTH_FLAVOR.none).u32(0)
  encodeArguments(w)
  w.patchU32(0, LAST_FRAGMENT + w.length - 4)
  return w.takeAll()?.bytes ?? Buffer.alloc(0)
}
