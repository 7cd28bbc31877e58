import { type Steps, whenReady } from '../../rpc/steps.ts'
import type { RpcCall } from '../../rpc/program.ts'
import { fill } from '../content.ts'
import { mayReadContent } from './access.ts'
import { encodeNoPostOp, encodePostOp } from './attributes.ts'
import { MAX_READ_BYTES, NFS3 } from './constants.ts'
import { type Granted, locate } from './granted.ts'
import { refuse } from './metadata.ts'
import { type NfsProcedure, type NfsService, readHandle } from './procedure.ts'

interface ReadArguments {
  readonly handle: Buffer
  readonly offset: number
  readonly count: number
}

/** §3.3.6. What is in memory is answered at once: nothing is made for the wait that there is not. */
export const read: NfsProcedure<ReadArguments> = {
  decode: (args) => ({ handle: readHandle(args), offset: args.u64('offset'), count: args.u32('count') }),
  run: (service, call, args) =>
    whenReady(locate(service, call, args.handle), (located) => readFrom(service, call, located, args)),
  fail: encodeNoPostOp,
}

function readFrom(
  service: NfsService,
  { reply, peer }: RpcCall,
  located: Granted,
  { offset, count }: ReadArguments,
): Steps | undefined {
  const { attributes, served, caller } = located
  if (attributes.type !== 'file') return refuse(reply, NFS3.invalid, located)
  if (!mayReadContent(caller, attributes)) return refuse(reply, NFS3.access, located)
  reply.u32(NFS3.ok)
  encodePostOp(reply, located)
  const wanted = Math.max(0, Math.min(count, MAX_READ_BYTES, attributes.size - offset))
  const at = reply.length
  reply.u32(0).u32(0).u32(0)
  const filling = wanted === 0 ? 0 : fill(reply, located, offset, wanted, true)
  return whenReady(filling, (bytes) => {
    if (bytes < wanted) reply.shorten(at + 12, bytes) // the file became shorter
    reply.patchU32(at, bytes)
    reply.patchU32(at + 4, bytes < wanted || offset + bytes >= attributes.size ? 1 : 0)
    reply.patchU32(at + 8, bytes)
    service.onRead?.(peer.address, served.path, bytes)
    return undefined
  })
}
