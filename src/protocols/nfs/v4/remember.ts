import type { Steps } from '../../rpc/steps.ts'
import type { Compound } from './compound.ts'
import type { Client } from './state/client.ts'
import { NFS4, refuse } from './status.ts'

/**
 * Writes down that a client holds something, before it is told that it does: after a restart it may then reclaim it.
 *
 * @param exclusive what it holds keeps others off
 */
export function* remember({ keeper }: Compound, client: Client, exclusive: boolean): Steps {
  if (client.recorded && (client.recordedExclusive || !exclusive)) return
  const { owner } = client.identity
  const holds = exclusive || client.recordedExclusive || keeper.grace.wasExclusive(owner)
  const written = keeper.records.put({ owner, exclusive: holds })
  if (written instanceof Promise) yield written
  if (keeper.clients.get(client.number) !== client) refuse(NFS4.expired) // it went meanwhile
  client.recorded = true
  client.recordedExclusive = holds
}

/**
 * Lets a reclaim pass in the grace period alone, and what is new only where no other can still reclaim it.
 *
 * @param alone it takes something that others may have held without being exclusive
 * @throws {StatusError} NFS4ERR_NO_GRACE, NFS4ERR_RECLAIM_BAD, NFS4ERR_GRACE
 */
export function checkGrace({ keeper, hasSessions }: Compound, client: Client, reclaims: boolean, alone: boolean): void {
  const { grace } = keeper
  const now = keeper.now()
  if (reclaims) {
    if (!grace.active(now) || client.reclaimComplete) refuse(NFS4.noGrace)
    if (!grace.knows(client.identity.owner)) refuse(NFS4.reclaimBad)
    return
  }
  if (hasSessions && !client.reclaimComplete) refuse(NFS4.grace) // RFC 8881 §18.51.3: first it says that it has all
  if (grace.guards(now) || (alone && grace.active(now))) refuse(NFS4.grace)
}
