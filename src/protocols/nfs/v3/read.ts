import type { Steps } from '../../rpc/steps.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { fill } from '../content.ts'
import type { Located } from '../located.ts'
import { mayReadContent } from './access.ts'
import { encodeNoPostOp, encodePostOp } from './attributes.ts'
import { MAX_READ_BYTES, NFS3 } from './constants.ts'
import { find } from './granted.ts'
import { refuse } from './metadata.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'

interface ReadArguments {
  readonly handle: Buffer
  readonly offset: number
  readonly count: number
}

/** §3.3.6. The content is read straight into the reply. */
export const read: NfsProcedure<ReadArguments> = {
  decode: (args) => ({ handle: readHandle(args), offset: args.u64('offset'), count: args.u32('count') }),
  *run(service, call, { handle, offset, count }) {
    const { reply } = call
    const located = yield* find(service, call, handle)
    const { attributes, served } = located
    if (attributes.type !== 'file') {
      refuse(reply, NFS3.invalid, located)
      return
    }
    if (!mayReadContent(located.caller, attributes)) {
      refuse(reply, NFS3.access, located)
      return
    }
    reply.u32(NFS3.ok)
    encodePostOp(reply, located)
    const wanted = Math.max(0, Math.min(count, MAX_READ_BYTES, attributes.size - offset))
    const bytes = yield* content(reply, located, offset, wanted)
    service.onRead?.(call.peer.address, served.path, bytes)
  },
  fail: encodeNoPostOp,
}

/** Writes count, eof and data, and returns how many bytes there were: fewer than `wanted` if the file became shorter. */
function* content(reply: XdrWriter, located: Located, offset: number, wanted: number): Steps<number> {
  const at = reply.length
  reply.u32(0).u32(0).u32(0)
  const bytes = wanted === 0 ? 0 : yield* fill(reply, located, offset, wanted, true)
  if (bytes < wanted) reply.shorten(at + 12, bytes)
  reply.patchU32(at, bytes)
  reply.patchU32(at + 4, bytes < wanted || offset + bytes >= located.attributes.size ? 1 : 0)
  reply.patchU32(at + 8, bytes)
  return bytes
}
