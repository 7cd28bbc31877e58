import { bytesOf } from '../../../wire/bytestring.ts'
import { ready, whenReady } from '../../rpc/steps.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { encodeHandle } from '../handle.ts'
import { type Located, attributesIfThere } from '../located.ts'
import { isWritable } from '../../../storage/writable-tree.ts'
import { find, type Granted, locate } from './granted.ts'
import { grantedAccess, mayExecute, mayRead } from './access.ts'
import { encodeAttributes, encodeNoPostOp, encodePostOp } from './attributes.ts'
import { MAX_NAME_BYTES, NFS3 } from './constants.ts'
import { type NfsProcedure, nothing, readHandle } from './procedure.ts'

/** §3.3.1 */
export const getAttributes: NfsProcedure<Buffer> = {
  decode: readHandle,
  run: (service, call, handle) =>
    whenReady(locate(service, call, handle), (located) => {
      call.reply.u32(NFS3.ok)
      encodeAttributes(call.reply, located)
      return undefined
    }),
  fail: nothing,
}

interface LookupArguments {
  readonly handle: Buffer
  readonly name: string
}

/** §3.3.3: `.` and `..` too; above the root of an export is the root. */
export const lookup: NfsProcedure<LookupArguments> = {
  // The record bounds the name: one that is too long is told so.
  decode: (args) => ({ handle: readHandle(args), name: args.string(args.remaining, 'name') }),
  *run(service, call, { handle, name }) {
    const { reply } = call
    const directory = yield* find(service, call, handle)
    const refusal = lookupRefusal(directory, name, mayExecute(directory.caller, directory.attributes))
    if (refusal !== undefined) {
      refuse(reply, refusal, directory)
      return
    }
    const { served } = directory
    const node = yield* ready(childOf(directory, name))
    const attributes = node === undefined ? undefined : yield* attributesIfThere(served.tree, node)
    if (node === undefined || attributes === undefined) {
      refuse(reply, NFS3.noEntry, directory)
      return
    }
    reply.u32(NFS3.ok)
    encodeHandle(reply, served.key, node)
    encodePostOp(reply, { served, node, attributes })
    encodePostOp(reply, directory)
  },
  fail: encodeNoPostOp,
}

function lookupRefusal({ attributes }: Located, name: string, allowed: boolean): number | undefined {
  if (attributes.type !== 'directory') return NFS3.notDirectory
  if (!allowed || name === '') return NFS3.access
  return name.length > MAX_NAME_BYTES ? NFS3.nameTooLong : undefined
}

function childOf({ served: { tree }, node }: Located, name: string): ReturnType<typeof tree.lookup> {
  if (name === '.') return node
  return name === '..' ? tree.parent(node) : tree.lookup(node, name)
}

interface AccessArguments {
  readonly handle: Buffer
  readonly asked: number
}

/** §3.3.4 */
export const access: NfsProcedure<AccessArguments> = {
  decode: (args) => ({ handle: readHandle(args), asked: args.u32('access') }),
  run: (service, call, { handle, asked }) =>
    whenReady(locate(service, call, handle), (located) => {
      const { reply } = call
      reply.u32(NFS3.ok)
      encodePostOp(reply, located)
      const writes = located.grant.writes && isWritable(located.served.tree)
      reply.u32(grantedAccess(asked, located.caller, located.attributes, writes))
      return undefined
    }),
  fail: encodeNoPostOp,
}

/** §3.3.5 */
export const readLink: NfsProcedure<Buffer> = {
  decode: readHandle,
  *run(service, call, handle) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    if (located.attributes.type !== 'symlink') {
      refuse(reply, NFS3.invalid, located)
      return
    }
    const target = yield* ready(located.served.tree.readLink(located.node))
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    reply.opaque(bytesOf(target))
  },
  fail: encodeNoPostOp,
}

/** A status and the attributes of what it is about. */
export function refuse(reply: XdrWriter, status: number, located: Located): undefined {
  reply.u32(status)
  encodePostOp(reply, located)
}

/** NFS3ERR_NOTDIR or NFS3ERR_ACCES where a directory may not be listed. */
export function listRefusal({ attributes, caller }: Granted): number | undefined {
  if (attributes.type !== 'directory') return NFS3.notDirectory
  return mayRead(caller, attributes) ? undefined : NFS3.access
}
