import type { XdrReader } from './xdr-reader.ts'
import type { XdrWriter } from './xdr-writer.ts'

export const RPC_VERSION = 2
/** msg_type, RFC 5531 §9 */
export const MESSAGE_TYPE = { call: 0, reply: 1 } as const
/** reply_stat */
const REPLY_STATUS = { accepted: 0, denied: 1 } as const
/** reject_stat */
const REJECT_STATUS = { rpcMismatch: 0, authError: 1 } as const
/** accept_stat */
export const ACCEPT_STATUS = {
  success: 0,
  programUnavailable: 1,
  programMismatch: 2,
  procedureUnavailable: 3,
  garbageArguments: 4,
  systemError: 5,
} as const
/** auth_stat: those that a server sends before a procedure runs */
export const AUTH_STATUS = { badCredential: 1, badVerifier: 3 } as const
/** auth_flavor: 0 AUTH_NONE, 1 AUTH_SYS */
export const AUTH_FLAVOR = { none: 0, sys: 1 } as const
/** Bytes that a credential or a verifier may have, §8.2 */
export const MAX_AUTH_BYTES = 400

/** What is before the credentials of a call. */
export interface CallHeader {
  /** Chosen by the caller; the reply carries it. */
  readonly xid: number
  readonly rpcVersion: number
  readonly program: number
  readonly version: number
  readonly procedure: number
}

/**
 * Decodes the beginning of a call, RFC 5531 §9. Of a call in another version of RPC only `xid` and `rpcVersion` mean
 * anything.
 *
 *     | xid | 0 call | rpcvers 2 | prog | vers | proc | cred | verf | arguments …
 *
 * @throws {WireError} if it is no call, or cut: there is then nobody to answer
 */
export function decodeCallHeader(r: XdrReader): CallHeader {
  const xid = r.u32('xid')
  const type = r.u32('message type')
  if (type !== MESSAGE_TYPE.call) throw r.fail(`message type is ${type}, want 0 (call)`)
  const rpcVersion = r.u32('RPC version')
  if (rpcVersion !== RPC_VERSION) return { xid, rpcVersion, program: 0, version: 0, procedure: 0 }
  return {
    xid,
    rpcVersion,
    program: r.u32('program'),
    version: r.u32('program version'),
    procedure: r.u32('procedure'),
  }
}

/** Writes the head of an accepted reply with an empty verifier; results follow it if `status` is success. */
export function encodeAccepted(w: XdrWriter, xid: number, status: number): undefined {
  w.u32(xid).u32(MESSAGE_TYPE.reply).u32(REPLY_STATUS.accepted)
  w.u32(AUTH_FLAVOR.none).u32(0).u32(status)
}

/** PROG_MISMATCH: the lowest and the highest version of the program that there is. */
export function encodeProgramMismatch(w: XdrWriter, xid: number, low: number, high: number): undefined {
  encodeAccepted(w, xid, ACCEPT_STATUS.programMismatch)
  w.u32(low).u32(high)
}

/** RPC_MISMATCH: this server speaks version 2. */
export function encodeRpcMismatch(w: XdrWriter, xid: number): undefined {
  w.u32(xid).u32(MESSAGE_TYPE.reply).u32(REPLY_STATUS.denied)
  w.u32(REJECT_STATUS.rpcMismatch).u32(RPC_VERSION).u32(RPC_VERSION)
}

/** AUTH_ERROR: the caller's credential or verifier is refused. */
export function encodeAuthError(w: XdrWriter, xid: number, status: number): undefined {
  w.u32(xid).u32(MESSAGE_TYPE.reply).u32(REPLY_STATUS.denied)
  w.u32(REJECT_STATUS.authError).u32(status)
}

/** What a reply says before its results. */
export type ReplyHeader =
  | { readonly xid: number; readonly kind: 'accepted'; readonly status: number }
  | { readonly xid: number; readonly kind: 'denied'; readonly reason: 'rpc' | 'auth'; readonly status: number }

/**
 * Decodes the beginning of a reply, for clients; the results follow if it is accepted with status success.
 *
 * @throws {WireError} if it is no reply, or cut
 */
export function decodeReplyHeader(r: XdrReader): ReplyHeader {
  const xid = r.u32('xid')
  const type = r.u32('message type')
  if (type !== MESSAGE_TYPE.reply) throw r.fail(`message type is ${type}, want 1 (reply)`)
  if (r.u32('reply status') === REPLY_STATUS.denied) {
    const reason = r.u32('reject status') === REJECT_STATUS.authError ? 'auth' : 'rpc'
    return { xid, kind: 'denied', reason, status: r.u32('reason') }
  }
  r.u32('verifier flavour')
  r.opaque(MAX_AUTH_BYTES, 'verifier')
  return { xid, kind: 'accepted', status: r.u32('accept status') }
}
