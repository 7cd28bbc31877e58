import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { type Lease, LeasePool, type LeasePoolOptions, type LeaseStore } from '../protocols/dhcp/lease-pool.ts'

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS leases (
    address TEXT PRIMARY KEY,
    mac TEXT NOT NULL,
    client_id TEXT,
    host_name TEXT,
    state TEXT NOT NULL CHECK (state IN ('bound', 'released', 'declined')),
    expires_at INTEGER NOT NULL -- milliseconds since 1970
  ) STRICT;
  CREATE UNIQUE INDEX IF NOT EXISTS leases_mac ON leases (mac) WHERE state <> 'declined';
`

/** The leases of the fleet, kept in SQLite: they are found again after `kill -9` and after a power cut. */
export function openLeases(database: DatabaseSync, options: Omit<LeasePoolOptions, 'store'>): LeasePool {
  return new LeasePool({ ...options, store: new SqliteLeaseStore(database) })
}

/**
 * A table of leases, made when it is missing.
 *
 * It sets the connection to `journal_mode = WAL` and `synchronous = FULL`: with WAL's usual NORMAL a commit would be
 * in the log, but not yet on disk, when the ACK leaves. All leases of one turn of the event loop share one commit, so
 * that a storm of machines costs one fsync per batch, not per machine.
 */
export class SqliteLeaseStore implements LeaseStore {
  readonly #database: DatabaseSync
  readonly #forgetMachine: StatementSync
  readonly #upsert: StatementSync
  #waiting: { readonly lease: Lease; readonly done: PromiseWithResolvers<void> }[] = []

  constructor(database: DatabaseSync) {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    database.exec(SCHEMA)
    this.#database = database
    this.#forgetMachine = database.prepare("DELETE FROM leases WHERE mac = ? AND address <> ? AND state <> 'declined'")
    this.#upsert = database.prepare(
      `INSERT INTO leases (address, mac, client_id, host_name, state, expires_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET mac = excluded.mac, client_id = excluded.client_id,
         host_name = excluded.host_name, state = excluded.state, expires_at = excluded.expires_at`,
    )
  }

  load(): readonly Lease[] {
    const rows = this.#database.prepare('SELECT * FROM leases ORDER BY expires_at').all()
    return rows.map(leaseOfRow)
  }

  save(lease: Lease): Promise<void> {
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ lease, done })
    if (this.#waiting.length === 1) setImmediate(() => this.#commit())
    return done.promise
  }

  #commit(): void {
    const batch = this.#waiting
    this.#waiting = []
    try {
      this.#write(batch.map(({ lease }) => lease))
      for (const { done } of batch) done.resolve()
    } catch (cause) {
      const error = new Error('Cannot save leases', { cause })
      for (const { done } of batch) done.reject(error)
    }
  }

  #write(leases: readonly Lease[]): void {
    this.#database.exec('BEGIN IMMEDIATE')
    try {
      for (const lease of leases) this.#writeOne(lease)
      this.#database.exec('COMMIT')
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      throw error
    }
  }

  #writeOne({ address, mac, clientId, hostName, state, expiresAt }: Lease): void {
    const values: SQLInputValue[] = [address, mac, clientId ?? null, hostName ?? null, state, expiresAt]
    this.#forgetMachine.run(mac, address)
    this.#upsert.run(...values)
  }
}

function leaseOfRow(row: Readonly<Record<string, unknown>>): Lease {
  const { address, mac, client_id: clientId, host_name: hostName, state, expires_at: expiresAt } = row
  return {
    address: String(address),
    mac: String(mac),
    state: state === 'bound' || state === 'released' ? state : 'declined',
    expiresAt: Number(expiresAt),
    ...(typeof clientId === 'string' ? { clientId } : {}),
    ...(typeof hostName === 'string' ? { hostName } : {}),
  }
}
