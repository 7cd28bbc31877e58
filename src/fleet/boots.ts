import type { DatabaseSync } from 'node:sqlite'
import type { Ipv4 } from '../net/ipv4.ts'
import { newBootId } from './boot-id.ts'
import { type Boot, BootsReader, type StoredEvent, textOf } from './boots-reader.ts'
import { createBootTables } from './boots-schema.ts'
import type { BootEvent } from './events.ts'
import type { Machine, Speaker } from './machine.ts'
import { belongingOf } from './new-boot.ts'
import { phaseAfter } from './phase.ts'

export interface BootsLimits {
  /** The oldest boots beyond these many are forgotten. */
  readonly boots: number
  /** Of each boot; beyond it the story loses its middle, never its beginning or its end. */
  readonly eventsPerBoot: number
}

const LIMITS: BootsLimits = { boots: 2000, eventsPerBoot: 500 }
/** What a boot's story keeps of its beginning when it grows too long. */
const KEPT_FROM_START = 0.4
const UNFINISHED = "('failed', 'ended')"

/**
 * The boots of all machines, in the embedded database. Everything is written as it happens, so a server that is killed
 * and started again goes on with the same boots.
 *
 * Whoever can reach the server can send reports in the name of any machine, so events are told, never obeyed.
 */
export class Boots extends BootsReader {
  readonly #limits: BootsLimits
  readonly #listeners = new Set<(stored: StoredEvent) => void>()

  /** Uses its own tables of the database, which it makes where they are missing. The caller closes the database. */
  constructor(database: DatabaseSync, limits: Partial<BootsLimits> = {}) {
    createBootTables(database)
    super(database)
    this.#limits = { ...LIMITS, ...limits }
  }

  /**
   * The boot that a DHCP packet belongs to; begins a new one where the packet says so.
   *
   * @param name of the client, '' for a machine nobody named
   * @returns undefined for a running system that never booted from here
   */
  forDhcp(machine: Machine, speaker: Speaker, at: number, name = ''): Boot | undefined {
    const latest = this.current(machine.mac)
    const belonging = belongingOf(speaker, at, latest)
    if (belonging === 'none') return undefined
    if (latest === undefined || belonging === 'new') return this.begin(machine, at, name)
    return this.#learn(latest, machine)
  }

  /**
   * Begins a boot, whatever was before.
   *
   * @param id one that no other boot has
   */
  begin(machine: Machine, at: number, name = '', id = newBootId()): Boot {
    this.#run('INSERT INTO boots (id, mac, machine, name, phase, began_at, last_at) VALUES (?, ?, ?, ?, ?, ?, ?)', [
      id,
      machine.mac,
      JSON.stringify(machine),
      name,
      'firmware',
      at,
      at,
    ])
    this.#run(
      'DELETE FROM boots WHERE id IN (SELECT id FROM boots ORDER BY began_at DESC, rowid DESC LIMIT -1 OFFSET ?)',
      [this.#limits.boots],
    )
    return { id, machine, name, phase: 'firmware', beganAt: at, lastAt: at }
  }

  /**
   * Adds an event to a boot.
   *
   * @returns undefined if there is no such boot: it was forgotten, or somebody made up its id
   */
  record(id: string, event: BootEvent): StoredEvent | undefined {
    const stored = this.#transaction(() => this.#store(id, event))
    if (stored !== undefined) for (const listener of this.#listeners) listener(stored)
    return stored
  }

  /** Notes in every boot that is going on that the server was started again. */
  recordRestart(at: number): void {
    const rows = this.all(
      `SELECT id FROM boots b WHERE phase NOT IN ${UNFINISHED}
       AND began_at = (SELECT max(began_at) FROM boots WHERE mac = b.mac)`,
    )
    for (const row of rows) this.record(textOf(row['id']), { type: 'server.restarted', at })
  }

  /** Calls `listener` for every event that this process records, until the signal aborts. */
  subscribe(listener: (stored: StoredEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#listeners.add(listener)
    signal.addEventListener('abort', () => this.#listeners.delete(listener), { once: true })
  }

  #store(id: string, event: BootEvent): StoredEvent | undefined {
    const boot = this.get(id)
    if (boot === undefined) return undefined
    const { lastInsertRowid } = this.#run('INSERT INTO boot_events (boot, body) VALUES (?, ?)', [
      id,
      JSON.stringify(event),
    ])
    const address = addressIn(event) ?? boot.address
    this.#run('UPDATE boots SET phase = ?, last_at = max(last_at, ?), address = ? WHERE id = ?', [
      phaseAfter(boot.phase, event),
      event.type === 'server.restarted' ? boot.lastAt : event.at, // it is no sign of life of the machine
      address ?? null,
      id,
    ])
    if (address !== undefined)
      this.#run('INSERT OR REPLACE INTO boot_addresses (address, boot) VALUES (?, ?)', [address, id])
    this.#trim(id)
    return { sequence: Number(lastInsertRowid), boot: id, event }
  }

  /** Forgets the middle of a story that grows without end, a machine that tries again for weeks for instance. */
  #trim(id: string): void {
    const count = Number(this.all('SELECT count(*) AS n FROM boot_events WHERE boot = ?', [id])[0]?.['n'] ?? 0)
    if (count <= this.#limits.eventsPerBoot) return
    const kept = Math.floor(this.#limits.eventsPerBoot * KEPT_FROM_START)
    this.#run(
      `DELETE FROM boot_events WHERE sequence =
       (SELECT sequence FROM boot_events WHERE boot = ? ORDER BY sequence LIMIT 1 OFFSET ?)`,
      [id, kept],
    )
  }

  /** Later stages know more of the machine: iPXE the PCI id of its card for instance. */
  #learn(boot: Boot, machine: Machine): Boot {
    const merged = { ...boot.machine, ...machine }
    const known = JSON.stringify(merged)
    if (known !== JSON.stringify(boot.machine)) this.#run('UPDATE boots SET machine = ? WHERE id = ?', [known, boot.id])
    return { ...boot, machine: merged }
  }

  #transaction<T>(work: () => T): T {
    this.database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      this.database.exec('COMMIT')
      return result
    } catch (error) {
      if (this.database.isTransaction) this.database.exec('ROLLBACK') // a full disk has rolled it back already
      throw error
    }
  }
  #run(sql: string, values: readonly (string | number | null)[]): { lastInsertRowid: number | bigint } {
    return this.statement(sql).run(...values)
  }
}

/** The address that an event gives to the machine. */
function addressIn(event: BootEvent): Ipv4 | undefined {
  return event.type === 'dhcp.ack' || event.type === 'dhcp.offer' ? event.address : undefined
}
