import { type Steps, ready } from '../../rpc/steps.ts'
import type { Compound } from './compound.ts'
import type { Client } from './state/client.ts'
import { NFS4, refuse } from './status.ts'

/** A client whose record could not be written is not tried again before. */
const RECORD_AGAIN_MS = 10_000

/**
 * Writes down that a client holds something, before it is told that it does: after a restart it may then reclaim it. A
 * disk that is full takes nothing away from it but that.
 *
 * @param exclusive what it holds keeps others off
 */
export function* remember({ keeper }: Compound, client: Client, exclusive: boolean): Steps {
  if (client.recorded && (client.recordedExclusive || !exclusive)) return
  if (keeper.now() < client.recordAgainAt) return
  const { owner } = client.identity
  const holds = exclusive || client.recordedExclusive || keeper.grace.wasExclusive(owner)
  const isWritten = yield* ready(keeper.put({ owner, exclusive: holds }))
  if (!isWritten) client.recordAgainAt = keeper.now() + RECORD_AGAIN_MS
  if (keeper.clients.get(client.number) !== client) refuse(NFS4.expired) // it went meanwhile
  if (!isWritten) return
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
  if (reclaims) {
    if (!grace.active(keeper.now()) || client.reclaimComplete) refuse(NFS4.noGrace)
    if (!grace.knows(client.identity.owner)) refuse(NFS4.reclaimBad)
    return
  }
  if (hasSessions && !client.reclaimComplete) refuse(NFS4.grace) // RFC 8881 §18.51.3: first it says that it has all
  if (grace.guards || (alone && grace.pending)) refuse(NFS4.grace)
}
