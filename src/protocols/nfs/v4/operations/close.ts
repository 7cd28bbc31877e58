import { setImmediate } from 'node:timers/promises'
import type { Steps } from '../../../rpc/steps.ts'
import { type Compound, operation } from '../compound.ts'
import { SHARE } from '../constants.ts'
import { clientOf, findOpen, meant, stateidOf } from '../find-state.ts'
import { inOrder } from '../in-order.ts'
import type { OpenOwner } from '../state/owners.ts'
import { type OpenState, advance, checkSequence } from '../state/states.ts'
import { type Stateid, readStateid, writeStateid } from '../stateid.ts'
import { NFS4, StatusError, refuse } from '../status.ts'

/** CLOSE, RFC 8881 §18.2 */
export const close = operation(
  (args) => ({ sequence: args.u32('sequence'), stateid: readStateid(args) }),
  function* (compound, { sequence, stateid }): Steps {
    const found = openOrClosed(compound, stateid)
    yield* inOrder(compound, found.owner, sequence, () => {
      const open = found.open ?? refuse(NFS4.badStateid)
      checkSequence(open, meant(compound, stateid), compound.hasSessions)
      compound.keeper.states.close(open)
      const { owner } = open
      if (compound.hasSessions && owner.opens === 0) owner.client.openOwners.delete(owner.name)
      owner.lastClosed = open.number
      advance(open) // a stateid of which nothing is left
      compound.stateid = undefined
      writeStateid(compound.reply, stateidOf(compound, open))
      return undefined
    })
  },
)

/** The open; or in version 4.0 the owner that has closed it, since the client may not have heard of that. */
function openOrClosed(compound: Compound, stateid: Stateid): { owner: OpenOwner; open?: OpenState } {
  try {
    const open = findOpen(compound, stateid)
    return { owner: open.owner, open }
  } catch (error) {
    if (compound.hasSessions || !(error instanceof StatusError) || error.status !== NFS4.badStateid) throw error
    for (const owner of clientOf(compound, stateid).openOwners.values()) {
      if (owner.lastClosed === stateid.number) return { owner }
    }
    throw error
  }
}

/** OPEN_CONFIRM, RFC 7530 §16.18 */
export const openConfirm = operation(
  (args) => ({ stateid: readStateid(args), sequence: args.u32('sequence') }),
  function* (compound, { stateid, sequence }): Steps {
    const open = findOpen(compound, stateid)
    yield* inOrder(compound, open.owner, sequence, () => {
      checkSequence(open, stateid, false)
      open.owner.confirmed = true
      advance(open)
      writeStateid(compound.reply, stateidOf(compound, open))
      return undefined
    })
  },
)

/** OPEN_DOWNGRADE, RFC 8881 §18.18 */
export const openDowngrade = operation(
  (args) => ({
    stateid: readStateid(args),
    sequence: args.u32('sequence'),
    access: args.u32('share access'),
    deny: args.u32('share deny'),
  }),
  function* (compound, { stateid, sequence, access, deny }): Steps {
    const open = findOpen(compound, stateid)
    yield* inOrder(compound, open.owner, sequence, () => {
      checkSequence(open, meant(compound, stateid), compound.hasSessions)
      const wanted = access & SHARE.both
      if (wanted === 0 || deny > SHARE.both) refuse(NFS4.invalid)
      compound.keeper.states.downgrade(open, wanted, deny)
      compound.stateid = stateidOf(compound, open)
      writeStateid(compound.reply, compound.stateid)
      return undefined
    })
  },
)

/** FREE_STATEID, §18.38 */
export const freeStateid = operation(readStateid, (compound, stateid) => {
  const given = meant(compound, stateid)
  const client = clientOf(compound, given)
  const state = client.states.get(given.number) ?? refuse(NFS4.badStateid)
  checkSequence(state, given, true)
  if (state.kind === 'open' || state.file.locks.holds(state.owner)) refuse(NFS4.locksHeld)
  compound.keeper.states.free(state)
  return undefined
})

/** Beyond it others have their turn. */
const STATEIDS_AT_ONCE = 512

/** TEST_STATEID, §18.48: a status for each. */
export const testStateid = operation(
  (args) => {
    const count = args.u32('count of stateids')
    if (count * 16 > args.remaining) throw args.fail(`it has ${count} stateids, want what follows`)
    return Array.from({ length: count }, () => readStateid(args))
  },
  function* (compound, stateids): Steps {
    compound.reply.u32(stateids.length)
    for (const [at, stateid] of stateids.entries()) {
      if (at % STATEIDS_AT_ONCE === STATEIDS_AT_ONCE - 1) yield setImmediate()
      compound.reply.u32(statusOf(compound, stateid))
    }
  },
)

function statusOf(compound: Compound, stateid: Stateid): number {
  try {
    const state = clientOf(compound, stateid).states.get(stateid.number) ?? refuse(NFS4.badStateid)
    checkSequence(state, stateid, true)
    return NFS4.ok
  } catch (error) {
    if (error instanceof StatusError) return error.status
    throw error
  }
}
