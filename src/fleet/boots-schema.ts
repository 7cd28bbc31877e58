import type { DatabaseSync } from 'node:sqlite'

/*
 * A boot's row holds what lists need; events hold everything. `addresses` leads from the address in a TFTP or NFS
 * request, which names no machine, to the boot that has it now.
 */
const TABLES = `
CREATE TABLE IF NOT EXISTS boots (
  id TEXT PRIMARY KEY,
  mac TEXT NOT NULL,
  machine TEXT NOT NULL,
  name TEXT NOT NULL,
  phase TEXT NOT NULL,
  address TEXT,
  began_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS boots_by_mac ON boots (mac, began_at);
CREATE INDEX IF NOT EXISTS boots_by_time ON boots (began_at);
CREATE TABLE IF NOT EXISTS boot_events (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  boot TEXT NOT NULL REFERENCES boots (id) ON DELETE CASCADE,
  body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS boot_events_by_boot ON boot_events (boot, sequence);
CREATE TABLE IF NOT EXISTS boot_addresses (
  address TEXT PRIMARY KEY,
  boot TEXT NOT NULL REFERENCES boots (id) ON DELETE CASCADE
) STRICT;
`

/**
 * Makes the tables of boots where they are missing. The log is written ahead, so that `netroot boots` reads while the
 * server writes; one that finds the other writing waits.
 */
export function createBootTables(database: DatabaseSync): void {
  database.exec('PRAGMA busy_timeout = 5000')
  database.exec('PRAGMA journal_mode = WAL')
  // a power cut may cost the last events, never the database (SQLite manual, PRAGMA synchronous)
  database.exec('PRAGMA synchronous = NORMAL')
  database.exec('PRAGMA foreign_keys = ON')
  database.exec(TABLES)
}

/** Are the tables there? A reader makes none. */
export function hasBootTables(database: DatabaseSync): boolean {
  return database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'boot_events'").get() !== undefined
}
