import { byteStringFrom, bytesOf } from '../../../../wire/bytestring.ts'
import { toHex } from '../../../../wire/hex.ts'
import type { Credential } from '../../../rpc/credential.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { operation } from '../compound.ts'
import { MAX_OPAQUE_BYTES } from '../constants.ts'
import type { ClientId } from '../state/clients.ts'
import { NFS4, refuse } from '../status.ts'

/** Who may speak for a client. Any AUTH_SYS user has said no more of itself than its number. */
export function principalOf({ flavor, uid }: Credential): string {
  return flavor === 'none' ? 'none' : `sys:${uid}`
}

/** clientid4 */
export function readClientId(args: XdrReader): ClientId {
  return { boot: args.u32('client id'), number: args.u32('client id') }
}

/** SETCLIENTID, RFC 7530 §16.33. The callback is of no use: there are no delegations. */
export const setClientId = operation(
  (args) => {
    const verifier = byteStringFrom(args.fixed(8, 'verifier'))
    const owner = args.string(MAX_OPAQUE_BYTES, 'client id')
    args.u32('callback program')
    args.string(MAX_OPAQUE_BYTES, 'callback netid')
    args.string(MAX_OPAQUE_BYTES, 'callback address')
    args.u32('callback ident')
    return { verifier, owner }
  },
  (compound, said) => {
    const { clients } = compound.keeper
    const { credential, peer } = compound.call
    const client = clients.setClientId({ ...said, principal: principalOf(credential), address: peer.address })
    compound.reply.u32(clients.boot).u32(client.number).fixed(bytesOf(client.confirmVerifier))
    return undefined
  },
)

/** SETCLIENTID_CONFIRM, §16.34 */
export const confirmClientId = operation(
  (args) => ({ id: readClientId(args), verifier: byteStringFrom(args.fixed(8, 'verifier')) }),
  (compound, { id, verifier }) => {
    const { clients } = compound.keeper
    const { log } = compound.service
    const client = clients.confirmClientId(id, verifier, principalOf(compound.call.credential))
    log.debug('NFSv4 client', { address: compound.call.peer.address, owner: toHex(bytesOf(client.identity.owner)) })
    return undefined
  },
)

/** RENEW, §16.30 */
export const renew = operation(readClientId, (compound, id) => {
  const { clients } = compound.keeper
  clients.renew(clients.confirmed(id))
  return undefined
})

/** RELEASE_LOCKOWNER, §16.37 */
export const releaseLockOwner = operation(
  (args) => ({ id: readClientId(args), name: args.string(MAX_OPAQUE_BYTES, 'lock owner') }),
  (compound, { id, name }) => {
    const { clients, states } = compound.keeper
    const client = clients.confirmed(id)
    const owner = client.lockOwners.get(name)
    if (owner === undefined) return undefined
    const held = [...client.states.values()].filter((state) => state.owner === owner)
    if (held.some((state) => state.file.locks.holds(owner))) refuse(NFS4.locksHeld)
    for (const state of held) if (state.kind === 'lock') states.free(state)
    client.lockOwners.delete(name)
    return undefined
  },
)
