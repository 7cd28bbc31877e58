import type { Ipv4 } from '../net/ipv4.ts'
import type { Lease, LeaseStore } from '../protocols/dhcp/lease-pool.ts'
import { SubnetLeases, type SubnetLeasesOptions } from '../protocols/dhcp/subnet-leases.ts'
import { steadyNow } from '../sys/steady-clock.ts'
import { type KeptLease, LeaseJournal } from './lease-journal.ts'

/** The clocks of a store, in milliseconds since 1970; tests bring their own. */
export interface LeaseClocks {
  /** Never jumps, and is right when the process starts: what leases are counted by. */
  readonly steady: () => number
  /** The clock of the host, which people and time servers put right: what survives the process. */
  readonly wall: () => number
}

const CLOCKS: LeaseClocks = { steady: steadyNow, wall: Date.now }

/** Leases, and the file that keeps them. */
export interface KeptLeases extends AsyncDisposable {
  readonly leases: SubnetLeases
}

/**
 * The leases of the fleet, kept in a file: they are found again after `kill -9` and after a power cut, and none ends
 * early or late because the clock of the host is put right while it runs.
 *
 * @throws {Error} if the file cannot be read or written, or holds something else
 */
export async function openLeases(
  path: string,
  options: Omit<SubnetLeasesOptions, 'store' | 'now'>,
  clocks: LeaseClocks = CLOCKS,
): Promise<KeptLeases> {
  const { store, ...journal } = await openLeaseStore(path, clocks)
  return { leases: new SubnetLeases({ ...options, now: clocks.steady, store }), ...journal }
}

/**
 * The file alone, for pools of any addresses that count their leases by the steady clock.
 *
 * @throws {Error} if the file cannot be read or written, or holds something else
 */
export async function openLeaseStore(
  path: string,
  clocks: LeaseClocks = CLOCKS,
): Promise<AsyncDisposable & { readonly store: LeaseStore }> {
  const journal = await LeaseJournal.open(path)
  return { store: storeOf(journal, clocks), [Symbol.asyncDispose]: () => journal[Symbol.asyncDispose]() }
}

function storeOf(journal: LeaseJournal, clocks: LeaseClocks): LeaseStore {
  return {
    load: () => journal.leases().map((lease) => fromKept(lease, clocks)),
    save: async (lease: Lease, left?: Ipv4) => {
      const { state } = lease
      // an offer is not worth a line: who asks again is offered the same
      if (state !== 'offered') await journal.save(toKept({ ...lease, state }, clocks), left)
    },
  }
}

function toKept(lease: Lease & Pick<KeptLease, 'state'>, { steady, wall }: LeaseClocks): KeptLease {
  const writtenAt = Math.round(wall())
  return { ...lease, expiresAt: Math.round(lease.expiresAt - steady()) + writtenAt, writtenAt }
}

/** A lease from the future was written before the clock was put back: it lasts as long as it was given for, from now. */
function fromKept({ writtenAt, ...lease }: KeptLease, { steady, wall }: LeaseClocks): Lease {
  const now = wall()
  const putBack = Math.max(0, writtenAt - now)
  return { ...lease, expiresAt: lease.expiresAt - putBack - now + steady() }
}
