import { isWritable } from '../../../storage/writable-tree.ts'
import { nullProcedure, type Procedure, type RpcProgram } from '../../rpc/program.ts'
import { encodeNoPostOp, encodePostOp } from '../v3/attributes.ts'
import { NFS3 } from '../v3/constants.ts'
import { find } from '../v3/granted.ts'
import { type NfsProcedure, type NfsService, procedure, readHandle } from '../v3/procedure.ts'

/*
 * NFSACL was never an RFC; these are the shapes that Solaris defined and Linux speaks. A release serves no ACLs, but
 * the program must be there: the Linux client takes its absence for EOPNOTSUPP at every look at an ACL, and an overlay
 * over such a mount then lets no user but root execute anything.
 */

const NFSACL_PROGRAM = 100_227
const NFSACL_V3 = 3
const PROCEDURE = { null: 0, getAcl: 1, setAcl: 2 } as const

interface GetAclArguments {
  readonly handle: Buffer
  /** What the client wants: 1 the ACL, 2 its length, 4 and 8 the same of the default ACL. */
  readonly mask: number
}

/** Says that there are no entries beyond the mode: first the counts, then the lists. */
const getAcl: NfsProcedure<GetAclArguments> = {
  decode: (args) => ({ handle: readHandle(args), mask: args.u32('mask') }),
  *run(service, call, { handle, mask }) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.u32(mask & 0x0f)
    for (let word = 0; word < 4; word += 1) reply.u32(0) // ACL, default ACL: how many entries there are, and follow
  },
  fail: encodeNoPostOp,
}

const setAcl: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run(service, call, handle) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    reply.u32(isWritable(located.served.tree) ? NFS3.notSupported : NFS3.readOnlyFileSystem)
    encodePostOp(reply, located)
  },
  fail: encodeNoPostOp,
}

/** NFSACL, program 100227, in version 3: no file has an ACL. */
export function aclProgram(service: NfsService): RpcProgram {
  const table: Procedure[] = []
  table[PROCEDURE.null] = nullProcedure
  table[PROCEDURE.getAcl] = procedure(service, getAcl)
  table[PROCEDURE.setAcl] = procedure(service, setAcl)
  return { number: NFSACL_PROGRAM, name: 'nfsacl', versions: new Map([[NFSACL_V3, table]]) }
}
