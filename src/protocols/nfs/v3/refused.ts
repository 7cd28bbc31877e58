import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Steps } from '../../rpc/steps.ts'
import { encodeNoPostOp, encodeNoWcc, encodePostOp, encodeUnchanged } from './attributes.ts'
import { NFS3 } from './constants.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'

/**
 * SETATTR, WRITE, CREATE, MKDIR, SYMLINK, MKNOD, REMOVE, RMDIR: NFS3ERR_ROFS and the wcc_data of the first handle, which
 * is of the file or of its directory. What else they say does not matter.
 */
export const refused: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run({ locator }, { reply }, handle) {
    const located = yield* locator.find(handle)
    reply.u32(NFS3.readOnlyFileSystem)
    encodeUnchanged(reply, located)
  },
  fail: encodeNoWcc,
}

/** RENAME, §3.3.14: two directories, hence two wcc_data. */
export const refusedRename: NfsProcedure<readonly [Buffer, Buffer]> = {
  decode: (args) => {
    const from = readHandle(args)
    skipName(args)
    return [from, readHandle(args)]
  },
  *run({ locator }, { reply }, [from, to]): Steps {
    const source = yield* locator.find(from)
    const target = yield* locator.find(to)
    reply.u32(NFS3.readOnlyFileSystem)
    encodeUnchanged(reply, source)
    encodeUnchanged(reply, target)
  },
  fail: (reply: XdrWriter) => {
    encodeNoWcc(reply)
    encodeNoWcc(reply)
  },
}

/** LINK, §3.3.15: the file's attributes and the wcc_data of the directory. */
export const refusedLink: NfsProcedure<readonly [Buffer, Buffer]> = {
  decode: (args) => [readHandle(args), readHandle(args)],
  *run({ locator }, { reply }, [file, directory]): Steps {
    const linked = yield* locator.find(file)
    const parent = yield* locator.find(directory)
    reply.u32(NFS3.readOnlyFileSystem)
    encodePostOp(reply, linked)
    encodeUnchanged(reply, parent)
  },
  fail: (reply: XdrWriter) => {
    encodeNoPostOp(reply)
    encodeNoWcc(reply)
  },
}

function skipName(args: XdrReader): void {
  args.opaque(args.remaining, 'name')
}
