import { ready } from '../../rpc/steps.ts'
import { statisticsOf } from '../statistics.ts'
import { encodeNoPostOp, encodeNoWcc, encodePostOp, encodeUnchanged } from './attributes.ts'
import { MAX_NAME_BYTES, MAX_READ_BYTES, MAX_WRITE_BYTES, NFS3, PREFERRED_DIRECTORY_BYTES } from './constants.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'

/** FSF3_LINK, FSF3_SYMLINK, FSF3_HOMOGENEOUS: hard links, symlinks, PATHCONF the same for all files. Times cannot be set. */
const PROPERTIES = 0x01 | 0x02 | 0x08
/** What is read best: pages. */
const READ_MULTIPLE = 4096
const MAX_LINKS = 65_000

/** FSSTAT, §3.3.18: a read-only file system is full. */
export const fsStatistics: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run({ locator }, { reply }, handle) {
    const located = yield* locator.find(handle)
    const { bytes, nodes } = yield* ready(statisticsOf(located.served.tree))
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u64(bytes).u64(0).u64(0) // total, free, free for this user
    reply.u64(nodes).u64(0).u64(0)
    reply.u32(0) // seconds for which nothing changes: not promised
  },
  fail: encodeNoPostOp,
}

/** FSINFO, §3.3.19 */
export const fsInfo: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run({ locator }, { reply }, handle) {
    const located = yield* locator.find(handle)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u32(MAX_READ_BYTES).u32(MAX_READ_BYTES).u32(READ_MULTIPLE)
    reply.u32(MAX_WRITE_BYTES).u32(MAX_WRITE_BYTES).u32(READ_MULTIPLE)
    reply.u32(PREFERRED_DIRECTORY_BYTES)
    reply.u32(0x7fff_ffff).u32(0xffff_ffff) // maxfilesize: 2^63 − 1
    reply.u32(0).u32(1) // time_delta: one nanosecond
    reply.u32(PROPERTIES)
  },
  fail: encodeNoPostOp,
}

/** PATHCONF, §3.3.20 */
export const pathConfiguration: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run({ locator }, { reply }, handle) {
    const located = yield* locator.find(handle)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u32(MAX_LINKS).u32(MAX_NAME_BYTES)
    reply.bool(true) // no_trunc: a name that is too long is an error
    reply.bool(true) // chown_restricted
    reply.bool(false).bool(true) // case_insensitive, case_preserving
  },
  fail: encodeNoPostOp,
}

/** COMMIT, §3.3.21: nothing was written, so all of it is on the disk. */
export const commit: NfsProcedure<Buffer> = {
  decode: (args) => {
    const handle = readHandle(args)
    args.u64('offset')
    args.u32('count')
    return handle
  },
  *run({ locator, writeVerifier }, { reply }, handle) {
    const located = yield* locator.find(handle)
    reply.u32(NFS3.ok)
    encodeUnchanged(reply, located)
    reply.fixed(writeVerifier)
  },
  fail: encodeNoWcc,
}
