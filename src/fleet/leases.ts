import type { Ipv4 } from '../net/ipv4.ts'
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { Lease, LeaseStore } from '../protocols/dhcp/lease-pool.ts'
import { steadyNow } from '../sys/steady-clock.ts'
import { SubnetLeases, type SubnetLeasesOptions } from '../protocols/dhcp/subnet-leases.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS leases (
    address TEXT PRIMARY KEY,
    mac TEXT NOT NULL,
    client_id TEXT,
    host_name TEXT,
    state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
    expires_at INTEGER NOT NULL, -- milliseconds since 1970
    written_at INTEGER NOT NULL DEFAULT 0 -- the same clock; ahead of the host's own, that one was put back meanwhile
  ) STRICT;
  DROP INDEX IF EXISTS leases_mac; -- of a version in which a machine had one address in all networks together
`

interface Waiting {
  readonly lease: Lease
  readonly left: Ipv4 | undefined
  readonly done: PromiseWithResolvers<void>
}

/** The clocks of a store, in milliseconds since 1970; tests bring their own. */
export interface LeaseClocks {
  /** Never jumps, and is right when the process starts: what leases are counted by. */
  readonly steady: () => number
  /** The clock of the host, which people and time servers put right: what survives the process. */
  readonly wall: () => number
}

const CLOCKS: LeaseClocks = { steady: steadyNow, wall: Date.now }

/**
 * The leases of the fleet, kept in SQLite: they are found again after `kill -9` and after a power cut, and none ends
 * early or late because the clock of the host is put right while it runs.
 */
export function openLeases(
  database: DatabaseSync,
  options: Omit<SubnetLeasesOptions, 'store' | 'now'>,
  clocks: LeaseClocks = CLOCKS,
): SubnetLeases {
  return new SubnetLeases({ ...options, now: clocks.steady, store: new SqliteLeaseStore(database, clocks) })
}

/**
 * A table of leases, made when it is missing.
 *
 * It sets the connection to `journal_mode = WAL` and `synchronous = FULL`: with WAL's usual NORMAL a commit would be
 * in the log, but not yet on disk, when the ACK leaves. All leases of one turn of the event loop share one commit, so
 * that a storm of machines costs one fsync per batch, not per machine.
 */
class SqliteLeaseStore implements LeaseStore {
  readonly #database: DatabaseSync
  readonly #clocks: LeaseClocks
  readonly #forget: StatementSync
  readonly #upsert: StatementSync
  #waiting: Waiting[] = []

  constructor(database: DatabaseSync, clocks: LeaseClocks) {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(SCHEMA)
    addMissingColumn(database)
    this.#database = database
    this.#clocks = clocks
    this.#forget = database.prepare("DELETE FROM leases WHERE address = ? AND mac = ? AND state <> 'declined'")
    this.#upsert = database.prepare(
      `INSERT INTO leases (address, mac, client_id, host_name, state, expires_at, written_at) VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET mac = excluded.mac, client_id = excluded.client_id,
         host_name = excluded.host_name, state = excluded.state, expires_at = excluded.expires_at,
         written_at = excluded.written_at`,
    )
  }

  load(): readonly Lease[] {
    const rows = this.#database.prepare('SELECT * FROM leases ORDER BY expires_at').all()
    return rows.map((row) => leaseOfRow(row, this.#clocks))
  }

  save(lease: Lease, left?: Ipv4): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ lease, left, done })
    if (this.#waiting.length === 1) setImmediate(() => this.#commit())
    return done.promise
  }

  #commit(): void {
    const batch = this.#waiting
    this.#waiting = []
    try {
      this.#write(batch)
      for (const { done } of batch) done.resolve()
    } catch (cause) {
      const error = new Error('Cannot save leases', { cause })
      for (const { done } of batch) done.reject(error)
    }
  }

  #write(batch: readonly Waiting[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const { lease, left } of batch) this.#writeOne(lease, left)
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #writeOne({ address, mac, clientId, hostName, state, expiresAt }: Lease, left: Ipv4 | undefined): void {
    const writtenAt = Math.round(this.#clocks.wall())
    const expiresByWall = Math.round(expiresAt + writtenAt - this.#clocks.steady())
    const names: SQLInputValue[] = [address, mac, clientId ?? null, hostName ?? null]
    const values: SQLInputValue[] = [...names, state, expiresByWall, writtenAt]
    if (left !== undefined) this.#forget.run(left, mac)
    this.#upsert.run(...values)
  }
}

/** Of a file that an older version wrote. */
function addMissingColumn(database: DatabaseSync): void {
  const names = database
    .prepare('PRAGMA table_info(leases)')
    .all()
    .map((column) => column['name'])
  if (!names.includes('written_at')) {
    database.exec('ALTER TABLE leases ADD COLUMN written_at INTEGER NOT NULL DEFAULT 0')
  }
}

/** A lease from the future was written before the clock was put back: it lasts as long as it was given for, from now. */
function leaseOfRow(row: Readonly<Record<string, unknown>>, { steady, wall }: LeaseClocks): Lease {
  const { address, mac, client_id: clientId, host_name: hostName, state } = row
  const now = wall()
  const putBack = Math.max(0, Number(row['written_at']) - now)
  return {
    address: String(address),
    mac: String(mac),
    state: state === 'bound' || state === 'released' ? state : 'declined',
    expiresAt: Number(row['expires_at']) - putBack - now + steady(),
    ...(typeof clientId === 'string' ? { clientId } : {}),
    ...(typeof hostName === 'string' ? { hostName } : {}),
  }
}
