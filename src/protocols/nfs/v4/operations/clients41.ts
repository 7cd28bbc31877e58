import { byteStringFrom } from '../../../../wire/bytestring.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { readBitmap } from '../bitmap.ts'
import { operation } from '../compound.ts'
import { MAX_OPAQUE_BYTES } from '../constants.ts'
import { NFS4, refuse } from '../status.ts'
import { principalOf, readClientId } from './clients40.ts'

/** EXCHGID4_FLAG_*, RFC 8881 §18.35 */
const FLAG = { noPnfs: 0x1_0000, update: 0x4000_0000, confirmed: 0x8000_0000 } as const
/** Those that a client may send; which of them it sends does not matter. */
const CLIENT_FLAGS = 0x4007_0107
/** state_protect_how4: none; the others need RPCSEC_GSS. */
const PROTECT_NONE = 0

function readExchange(args: XdrReader): { verifier: string; owner: string; flags: number; protection: number } {
  const verifier = byteStringFrom(args.fixed(8, 'verifier'))
  const owner = args.string(MAX_OPAQUE_BYTES, 'client owner')
  const flags = args.u32('flags')
  const protection = args.u32('state protection')
  if (protection === PROTECT_NONE) skipImplementation(args)
  else if (protection === 1) readBitmap(args)
  return { verifier, owner, flags, protection }
}

/** client_impl_id<1>: who made the client, and when. */
function skipImplementation(args: XdrReader): void {
  const count = args.u32('count of implementations')
  if (count > 1) throw args.fail(`it has ${count} implementations, want at most 1`)
  if (count === 0) return
  args.string(MAX_OPAQUE_BYTES, 'domain')
  args.string(MAX_OPAQUE_BYTES, 'name')
  args.fixed(12, 'date')
}

/** EXCHANGE_ID, §18.35 */
export const exchangeId = operation(readExchange, (compound, { flags, protection, ...said }) => {
  if ((flags & ~CLIENT_FLAGS) !== 0 || protection !== PROTECT_NONE) refuse(NFS4.invalid)
  const { clients } = compound.keeper
  const { scope } = compound.service
  const { credential, peer } = compound.call
  const identity = { ...said, principal: principalOf(credential), address: peer.address }
  const client = (flags & FLAG.update) !== 0 ? clients.updateClient(identity) : clients.exchangeId(identity)
  const { reply } = compound
  reply.u32(clients.boot).u32(client.number).u32(client.nextCreateSequence)
  reply.u32((FLAG.noPnfs | (client.confirmed ? FLAG.confirmed : 0)) >>> 0).u32(PROTECT_NONE)
  reply.u64(0).string(scope) // server owner: minor, major
  reply.string(scope).u32(0) // nothing is said of who made the server
  return undefined
})

/** DESTROY_CLIENTID, §18.50 */
export const destroyClientId = operation(readClientId, function* (compound, id) {
  const { keeper } = compound
  const client = keeper.clients.withSessions(id)
  if (client.sessions.size > 0 || client.states.size > 0) refuse(NFS4.clientIdBusy)
  yield* ready(keeper.drop(client))
})

/** RECLAIM_COMPLETE, §18.51 */
export const reclaimComplete = operation(
  (args) => args.bool('one file system'),
  function* (compound, oneFileSystem): Steps {
    const { client, keeper } = compound
    if (oneFileSystem) {
      if (compound.current === undefined) refuse(NFS4.noFileHandle)
      return // it moved nowhere
    }
    if (client.reclaimComplete) refuse(NFS4.completeAlready)
    client.reclaimComplete = true
    const { owner } = client.identity
    // What it held in an earlier run and did not take back it has lost, and may not have after another restart either.
    if (!client.recorded && keeper.grace.knows(owner)) yield* ready(keeper.forget(owner))
    keeper.grace.done(owner)
  },
)
