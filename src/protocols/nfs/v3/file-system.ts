import type { FileTree } from '../../../storage/file-tree.ts'
import { isWritable, type Space } from '../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { statisticsOf } from '../statistics.ts'
import { encodeNoPostOp, encodePostOp } from './attributes.ts'
import { MAX_NAME_BYTES, MAX_READ_BYTES, MAX_WRITE_BYTES, NFS3, PREFERRED_DIRECTORY_BYTES } from './constants.ts'
import { find } from './granted.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'

/** FSF3_LINK, FSF3_SYMLINK, FSF3_HOMOGENEOUS: hard links, symlinks, PATHCONF the same for all files. */
const PROPERTIES = 0x01 | 0x02 | 0x08
/** FSF3_CANSETTIME */
const CAN_SET_TIME = 0x10
/** What is read best: pages. */
const READ_MULTIPLE = 4096
const MAX_LINKS = 65_000

/** FSSTAT, §3.3.18: what can never be changed is full. */
export const fsStatistics: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run(service, call, handle) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    const space = yield* spaceOf(located.served.tree)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u64(space.totalBytes).u64(space.freeBytes).u64(space.availableBytes)
    reply.u64(space.totalNodes).u64(space.freeNodes).u64(space.freeNodes)
    reply.u32(0) // seconds for which nothing changes: not promised
  },
  fail: encodeNoPostOp,
}

function* spaceOf(tree: FileTree): Steps<Space> {
  if (isWritable(tree)) return yield* ready(tree.space())
  const { bytes, nodes } = yield* ready(statisticsOf(tree))
  return { totalBytes: bytes, freeBytes: 0, availableBytes: 0, totalNodes: nodes, freeNodes: 0 }
}

/** FSINFO, §3.3.19 */
export const fsInfo: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run(service, call, handle) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u32(MAX_READ_BYTES).u32(MAX_READ_BYTES).u32(READ_MULTIPLE)
    reply.u32(MAX_WRITE_BYTES).u32(MAX_WRITE_BYTES).u32(READ_MULTIPLE)
    reply.u32(PREFERRED_DIRECTORY_BYTES)
    reply.u32(0x7fff_ffff).u32(0xffff_ffff) // maxfilesize: 2^63 − 1
    reply.u32(0).u32(1) // time_delta: one nanosecond
    reply.u32(isWritable(located.served.tree) ? PROPERTIES | CAN_SET_TIME : PROPERTIES)
  },
  fail: encodeNoPostOp,
}

/** PATHCONF, §3.3.20 */
export const pathConfiguration: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run(service, call, handle) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u32(MAX_LINKS).u32(MAX_NAME_BYTES)
    reply.bool(true) // no_trunc: a name that is too long is an error
    reply.bool(true) // chown_restricted
    reply.bool(false).bool(true) // case_insensitive, case_preserving
  },
  fail: encodeNoPostOp,
}
