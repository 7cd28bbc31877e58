import type { ByteString } from '../../../../wire/bytestring.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { CLAIM, MAX_OPAQUE_BYTES } from '../constants.ts'
import { type SentAttributes, readAttributes } from '../sent-attributes.ts'
import type { ClientId } from '../state/clients.ts'
import { readStateid } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'
import { readClientId } from './clients40.ts'
import { readName } from './handles.ts'

/** How a file is made if it is not there, createhow4. */
export interface Creation {
  readonly mode: 'unchecked' | 'guarded' | 'exclusive'
  readonly attributes: SentAttributes | undefined
  /** 8 bytes that tell a repeated exclusive create from another one. */
  readonly verifier: Buffer | undefined
}

/** What is opened: a name in the current directory, the current file, or what was open before the server's restart. */
export type Claim = { readonly kind: 'name'; readonly name: ByteString } | { readonly kind: 'handle' | 'previous' }

export interface OpenArguments {
  readonly sequence: number
  readonly access: number
  readonly deny: number
  readonly clientId: ClientId
  readonly owner: ByteString
  readonly creation: Creation | undefined
  readonly claim: Claim
}

/** OPEN4args, RFC 8881 §18.16 */
export function readOpen(args: XdrReader, minor: number): OpenArguments {
  return {
    sequence: args.u32('sequence'),
    access: args.u32('share access'),
    deny: args.u32('share deny'),
    clientId: readClientId(args),
    owner: args.string(MAX_OPAQUE_BYTES, 'open owner'),
    creation: readCreation(args, minor),
    claim: readClaim(args, minor),
  }
}

/** createmode4 */
const CREATE = { unchecked: 0, guarded: 1, exclusive: 2, exclusiveWithAttributes: 3 } as const

function readCreation(args: XdrReader, minor: number): Creation | undefined {
  const type = args.u32('open type')
  if (type > 1) throw args.fail(`the open type is ${type}, want 0 or 1`)
  return type === 0 ? undefined : readHow(args, minor)
}

function readHow(args: XdrReader, minor: number): Creation {
  const how = args.u32('create mode')
  switch (how) {
    case CREATE.unchecked:
      return { mode: 'unchecked', attributes: readAttributes(args, minor), verifier: undefined }
    case CREATE.guarded:
      return { mode: 'guarded', attributes: readAttributes(args, minor), verifier: undefined }
    case CREATE.exclusive:
      return { mode: 'exclusive', verifier: args.fixed(8, 'create verifier'), attributes: undefined }
    case CREATE.exclusiveWithAttributes:
      if (minor === 0) break
      return { mode: 'exclusive', verifier: args.fixed(8, 'create verifier'), attributes: readAttributes(args, minor) }
    default:
  }
  throw args.fail(`the create mode is ${how}, want 0 to ${minor === 0 ? 2 : 3}`)
}

function readClaim(args: XdrReader, minor: number): Claim {
  const type = args.u32('claim')
  switch (type) {
    case CLAIM.null:
      return { kind: 'name', name: readName(args) }
    case CLAIM.previous:
      args.u32('delegation type')
      return { kind: 'previous' }
    case CLAIM.handle:
      if (minor > 0) return { kind: 'handle' }
      break
    case CLAIM.delegateCurrent: // there are no delegations
      readStateid(args)
      readName(args)
      return refuse(NFS4.badStateid)
    case CLAIM.delegateCurrentHandle:
      readStateid(args)
      return refuse(NFS4.badStateid)
    case CLAIM.delegatePrevious:
    case CLAIM.delegatePreviousHandle:
      return refuse(NFS4.notSupported)
    default:
  }
  throw args.fail(`the claim is ${type}, which is none`)
}
