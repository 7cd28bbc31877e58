import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { BootEvent } from './events.ts'
import type { Machine } from './machine.ts'
import type { Phase } from './phase.ts'

/** One run of a machine. */
export interface Boot {
  readonly id: string
  readonly machine: Machine
  /** Name of the client; '' for a machine nobody named. */
  readonly name: string
  readonly phase: Phase
  /** The address it was given last. */
  readonly address?: Ipv4
  /** First packet and last event, milliseconds since 1970. */
  readonly beganAt: number
  readonly lastAt: number
}

/** An event with its place in the order in which the server saw all events of all boots. */
export interface StoredEvent {
  readonly sequence: number
  readonly boot: string
  readonly event: BootEvent
}

/** What is known of boots; a process that only shows them needs no more than this, and may open the database read-only. */
export class BootsReader {
  protected readonly database: DatabaseSync
  /** By their text: to read one takes as long as to run it, and a storm of machines runs thousands. */
  readonly #statements = new Map<string, StatementSync>()

  /** The tables must be there, see `hasBootTables`. */
  constructor(database: DatabaseSync) {
    this.database = database
  }

  get(id: string): Boot | undefined {
    return this.#one('SELECT * FROM boots WHERE id = ?', [id])
  }
  /** The latest boot of a machine. */
  current(mac: Mac): Boot | undefined {
    return this.#one('SELECT * FROM boots WHERE mac = ? ORDER BY began_at DESC, rowid DESC LIMIT 1', [mac])
  }
  /** The boot that was given this address last. */
  currentByAddress(address: Ipv4): Boot | undefined {
    return this.#one('SELECT b.* FROM boots b JOIN boot_addresses a ON a.boot = b.id WHERE a.address = ?', [address])
  }
  /** The latest boot of the client with this name. */
  currentByName(name: string): Boot | undefined {
    return this.#one('SELECT * FROM boots WHERE name = ? ORDER BY began_at DESC, rowid DESC LIMIT 1', [name])
  }
  /** The boots of a machine, the newest first. */
  ofMachine(mac: Mac, limit: number): Boot[] {
    const sql = 'SELECT * FROM boots WHERE mac = ? ORDER BY began_at DESC, rowid DESC LIMIT ?'
    return this.all(sql, [mac, limit]).map(bootOf)
  }
  /** The newest boots first. */
  list(limit = 50): Boot[] {
    return this.all('SELECT * FROM boots ORDER BY began_at DESC, rowid DESC LIMIT ?', [limit]).map(bootOf)
  }
  /** The events of a boot in their order, those after `sequence`. */
  events(id: string, sequence = 0): StoredEvent[] {
    return this.all('SELECT * FROM boot_events WHERE boot = ? AND sequence > ? ORDER BY sequence', [id, sequence]).map(
      storedOf,
    )
  }
  /** The events of all boots in their order, those after `sequence`. */
  eventsAfter(sequence: number, limit = 1000): StoredEvent[] {
    return this.all('SELECT * FROM boot_events WHERE sequence > ? ORDER BY sequence LIMIT ?', [sequence, limit]).map(
      storedOf,
    )
  }
  /** The number of the last event of all. */
  lastSequence(): number {
    return Number(this.all('SELECT coalesce(max(sequence), 0) AS last FROM boot_events')[0]?.['last'] ?? 0)
  }

  protected all(sql: string, values: readonly (string | number)[] = []): Row[] {
    return this.statement(sql).all(...values)
  }
  protected statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.database.prepare(sql)
    this.#statements.set(sql, statement)
    return statement
  }
  #one(sql: string, values: readonly (string | number)[]): Boot | undefined {
    const row = this.all(sql, values)[0]
    return row === undefined ? undefined : bootOf(row)
  }
}

export type Row = Record<string, SQLOutputValue>

function bootOf(row: Row): Boot {
  return {
    id: textOf(row['id']),
    machine: JSON.parse(textOf(row['machine'])) as Machine,
    name: textOf(row['name']),
    phase: textOf(row['phase']) as Phase,
    ...(row['address'] === null ? {} : { address: textOf(row['address']) }),
    beganAt: Number(row['began_at']),
    lastAt: Number(row['last_at']),
  }
}

function storedOf(row: Row): StoredEvent {
  return {
    sequence: Number(row['sequence']),
    boot: textOf(row['boot']),
    event: JSON.parse(textOf(row['body'])) as BootEvent,
  }
}

/** A column of text. */
export function textOf(value: SQLOutputValue | undefined): string {
  if (typeof value !== 'string') throw new TypeError(`Cannot read boots: a column holds ${typeof value}, want text`)
  return value
}
