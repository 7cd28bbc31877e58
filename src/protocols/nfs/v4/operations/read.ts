import { type Steps, ready, whenReady } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { fill } from '../../content.ts'
import type { Located } from '../../located.ts'
import { mayReadContent } from '../../v3/access.ts'
import { MAX_READ_BYTES } from '../../v3/constants.ts'
import type { Granted } from '../../v3/granted.ts'
import { type Compound, operation } from '../compound.ts'
import { MAX_REPLY_BYTES, SHARE } from '../constants.ts'
import { checkAccess } from '../find-state.ts'
import { type Stateid, readStateid } from '../stateid.ts'
import { NFS4, refuse } from '../status.ts'

interface ReadArguments {
  readonly stateid: Stateid
  readonly offset: number
  readonly count: number
}

function readArguments(args: XdrReader): ReadArguments {
  return { stateid: readStateid(args), offset: args.u64('offset'), count: args.u32('count') }
}

/** READ, RFC 8881 §18.22. The content is read straight into the reply. */
export const read = operation(readArguments, (compound, args) => {
  const file = checkRead(compound, args.stateid)
  const { reply } = compound
  const at = reply.length
  const wanted = wantedBytes(compound, file, args)
  reply.u32(0).u32(0)
  // An answer that is kept for a repetition is kept with its content.
  const filling = wanted === 0 ? 0 : fill(reply, file, args.offset, wanted, !compound.cacheReply)
  return whenReady(filling, (bytes) => {
    if (bytes < wanted) reply.shorten(at + 8, bytes)
    reply.patchU32(at, endOfFile(file, args.offset, wanted, bytes))
    reply.patchU32(at + 4, bytes)
    compound.service.onRead?.(compound.call.peer.address, file.served.path, bytes)
    return undefined
  })
})

/** data_content4, RFC 7862 §11.4 */
const CONTENT = { data: 0, hole: 1 } as const

const ZEROS = Buffer.alloc(MAX_READ_BYTES)

/** The system compares a MiB in 0.1 ms; a function called for each byte takes 10 ms, and everybody else would wait for it. */
function isZero(bytes: Buffer): boolean {
  return bytes.equals(ZEROS.subarray(0, bytes.byteLength))
}

/** READ_PLUS, RFC 7862 §15.10: one piece, and where a file with holes has nothing but zeros, a hole. */
export const readPlus = operation(readArguments, function* (compound, args): Steps {
  const file = checkRead(compound, args.stateid)
  const { reply } = compound
  const at = reply.length
  const wanted = wantedBytes(compound, file, args)
  reply.u32(0).u32(wanted === 0 ? 0 : 1)
  if (wanted === 0) {
    reply.patchU32(at, endOfFile(file, args.offset, 0, 0))
    return
  }
  reply.u32(CONTENT.data).u64(args.offset).u32(0)
  const { usedBytes, size } = file.attributes
  const bytes = yield* ready(fill(reply, file, args.offset, wanted, !compound.cacheReply && usedBytes >= size))
  reply.patchU32(at, endOfFile(file, args.offset, wanted, bytes))
  reply.patchU32(at + 20, bytes)
  if (usedBytes < size && bytes > 0 && isZero(reply.copyFrom(at + 24))) {
    reply.truncate(at + 8)
    reply.u32(CONTENT.hole).u64(args.offset).u64(bytes)
  } else if (bytes < wanted) reply.shorten(at + 24, bytes)
  compound.service.onRead?.(compound.call.peer.address, file.served.path, bytes)
})

/** The current file, if it may be read with this stateid. @throws {StatusError} */
function checkRead(compound: Compound, stateid: Stateid): Granted {
  const { file } = compound
  checkIsFile(compound, file)
  const open = checkAccess(compound, stateid, SHARE.read)
  // What is open was allowed when it was opened, RFC 8881 §18.16.4: the process may be another now.
  if (open === undefined && !mayReadContent(file.caller, file.attributes)) refuse(NFS4.access)
  return file
}

/** @throws {StatusError} NFS4ERR_ISDIR, SYMLINK, WRONG_TYPE or INVAL if the file has no content */
export function checkIsFile({ hasSessions }: Compound, { attributes: { type } }: Located): void {
  if (type === 'file') return
  if (type === 'directory') refuse(NFS4.isDirectory)
  refuse(hasSessions ? (type === 'symlink' ? NFS4.symlink : NFS4.wrongType) : NFS4.invalid)
}

function wantedBytes({ reply }: Compound, { attributes }: Located, { offset, count }: ReadArguments): number {
  const room = Math.max(0, MAX_REPLY_BYTES + 4096 - reply.length)
  return Math.max(0, Math.min(count, MAX_READ_BYTES, room, attributes.size - offset))
}

function endOfFile({ attributes }: Located, offset: number, wanted: number, bytes: number): number {
  return bytes < wanted || offset + bytes >= attributes.size ? 1 : 0
}
