import type { DatabaseSync } from 'node:sqlite'
import { textOf } from './boots-reader.ts'
import { printable } from './printable.ts'

const TABLE = `
CREATE TABLE IF NOT EXISTS boot_logs (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  boot TEXT NOT NULL REFERENCES boots (id) ON DELETE CASCADE,
  at INTEGER NOT NULL,
  source TEXT NOT NULL,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS boot_logs_by_boot ON boot_logs (boot, sequence);
`

/** How a log came: whole, as the machine keeps it, or line by line. */
export type LogSource = 'http' | 'syslog'

/** A piece of a boot's log. */
export interface BootLog {
  /** When it came, milliseconds since 1970. */
  readonly at: number
  readonly source: LogSource
  /** Safe for terminals. */
  readonly text: string
}

/** The largest log that is taken at once: what the kernel and the init said, each up to 64 KiB, and their headings. */
export const MAX_LOG_BYTES = 262_144
/** Of one boot; the pieces in the middle go first. */
const MOST_PIECES = 24
const MOST_PIECE_CHARACTERS = 131_072
/** Lines by syslog are joined to pieces of this size. */
const SYSLOG_PIECE_CHARACTERS = 32_768
/** Boots that have a log; those of older ones are forgotten before the boots themselves. */
const MOST_BOOTS = 300

/** Reads the logs of boots. The table need not be there: then there are none. */
export class BootLogsReader {
  protected readonly database: DatabaseSync

  constructor(database: DatabaseSync) {
    this.database = database
  }

  /** The pieces of a boot's log, in the order in which they came. */
  of(boot: string): BootLog[] {
    if (this.database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'boot_logs'").get() === undefined) return []
    const rows = this.database
      .prepare('SELECT at, source, body FROM boot_logs WHERE boot = ? ORDER BY sequence')
      .all(boot)
    return rows.map((row) => ({
      at: Number(row['at']),
      source: row['source'] === 'syslog' ? 'syslog' : 'http',
      text: textOf(row['body']),
    }))
  }
}

/** The logs that machines send of their boots: bounded for each boot and for all. */
export class BootLogs extends BootLogsReader {
  /** Uses its own table, beside those of `Boots`. The caller closes the database. */
  constructor(database: DatabaseSync) {
    database.exec(TABLE)
    super(database)
  }

  /** Keeps a log that came whole. Of a boot that nobody knows nothing is kept. */
  add(boot: string, body: Uint8Array, at: number): void {
    this.#insert(boot, 'http', printable(new TextDecoder().decode(body), true).trim(), at)
  }

  /** Adds lines that came by syslog. */
  addLines(boot: string, lines: readonly string[], at: number): void {
    const text = lines.map((line) => printable(line)).join('\n')
    const last = this.database
      .prepare('SELECT sequence, source, body FROM boot_logs WHERE boot = ? ORDER BY sequence DESC LIMIT 1')
      .get(boot)
    const before = last?.['source'] === 'syslog' ? textOf(last['body']) : undefined
    if (before === undefined || before.length > SYSLOG_PIECE_CHARACTERS) return this.#insert(boot, 'syslog', text, at)
    this.database
      .prepare('UPDATE boot_logs SET body = ? WHERE sequence = ?')
      .run(cut(`${before}\n${text}`), last?.['sequence'] ?? 0)
  }

  #insert(boot: string, source: LogSource, text: string, at: number): void {
    const run = (sql: string, ...values: (string | number)[]): unknown => this.database.prepare(sql).run(...values)
    if (this.database.prepare('SELECT 1 FROM boots WHERE id = ?').get(boot) === undefined) return
    run('INSERT INTO boot_logs (boot, at, source, body) VALUES (?, ?, ?, ?)', boot, at, source, cut(text))
    run(
      `DELETE FROM boot_logs WHERE boot = ?1
       AND (SELECT count(*) FROM boot_logs WHERE boot = ?1) > ?2
       AND sequence = (SELECT sequence FROM boot_logs WHERE boot = ?1 ORDER BY sequence LIMIT 1 OFFSET 4)`,
      boot,
      MOST_PIECES,
    )
    run(
      `DELETE FROM boot_logs WHERE boot IN
       (SELECT boot FROM boot_logs GROUP BY boot ORDER BY max(sequence) DESC LIMIT -1 OFFSET ?)`,
      MOST_BOOTS,
    )
  }
}

/** The end of a log says more than its beginning. */
function cut(text: string): string {
  return text.length <= MOST_PIECE_CHARACTERS ? text : text.slice(-MOST_PIECE_CHARACTERS)
}
