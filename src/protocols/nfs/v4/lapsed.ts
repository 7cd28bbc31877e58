import { textOf, type ByteString } from '../../../wire/bytestring.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import type { Compound } from './compound.ts'
import type { Client } from './state/client.ts'
import { NFS4, StatusError, refuse } from './status.ts'

const IN_THE_WAY: ReadonlySet<number> = new Set([NFS4.denied, NFS4.shareDenied, NFS4.locked])

/**
 * Does something that others' opens and locks may stand in the way of. Clients whose lease has ended keep what they have
 * until then (RFC 8881 §8.3): now they lose it.
 *
 * @param client who does it
 * @param key the file
 * @throws what `attempt` throws, if it is in the way of clients that are there
 */
export function* unlessLapsed<T>(compound: Compound, client: Client, key: ByteString, attempt: () => T): Steps<T> {
  const { keeper, service } = compound
  try {
    return attempt()
  } catch (error) {
    if (!(error instanceof StatusError) || !IN_THE_WAY.has(error.status)) throw error
    const lapsed = keeper.states.clientsWith(key).filter((one) => one !== client && keeper.clients.lapsed(one))
    if (lapsed.length === 0) throw error
    for (const gone of lapsed) {
      service.log.info('NFSv4 client has lost what it held: its lease had ended, and another wanted it', {
        client: textOf(gone.identity.owner),
      })
      yield* ready(keeper.drop(gone))
    }
    if (keeper.clients.get(client.number) !== client) refuse(NFS4.expired) // it went meanwhile
  }
  return attempt()
}
