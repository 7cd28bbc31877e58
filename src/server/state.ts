import { access, constants } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { databasePath, leasesPath } from '../config/paths.ts'
import { BootLogs } from '../fleet/boot-logs.ts'
import { Boots } from '../fleet/boots.ts'
import { HardwareBook } from '../fleet/hardware.ts'
import { openLeases } from '../fleet/leases.ts'
import type { SubnetLeases, SubnetLeasesOptions } from '../protocols/dhcp/subnet-leases.ts'
import { claim as claimDirectory, InUseError } from '../sys/claim.ts'
import { makeDirectories } from '../sys/files.ts'

/** What a server remembers. */
export interface ServerState extends AsyncDisposable {
  readonly boots: Boots
  readonly logs: BootLogs
  readonly hardware: HardwareBook
  readonly leases: SubnetLeases
}

/** The database cannot be used; the text says what to do. */
export class StateError extends Error {
  override readonly name = 'StateError'
}

/** `PRAGMA application_id` of our files, "ntrt": no other program's database is ever written to. */
const APPLICATION_ID = 0x6e_74_72_74
/** `PRAGMA user_version`, counted up when the tables change so that this version cannot read them. */
const FORMAT = 1
const OUR_TABLES: ReadonlySet<string> = new Set([
  'boots',
  'boot_events',
  'boot_addresses',
  'boot_logs',
  'hardware',
  'leases',
])

/**
 * Opens the state directory, which is made where there is none: boots in a database, and leases in a file of their own,
 * because each is on disk before its ACK leaves and a storm of machines must not wait for a database.
 *
 * @throws {StateError} if it cannot be written, is damaged, belongs to another program, or a server that runs uses it
 */
export async function openState(
  directory: string,
  options: Omit<SubnetLeasesOptions, 'store' | 'now'>,
): Promise<ServerState> {
  const path = databasePath(directory)
  await requireWritable(directory, path)
  await using opening = new AsyncDisposableStack()
  opening.defer(await claimed(directory))
  try {
    const forBoots = opening.adopt(new DatabaseSync(path, { timeout: 5000 }), (database) => database.close())
    claim(forBoots)
    const boots = new Boots(forBoots)
    const logs = new BootLogs(forBoots)
    const hardware = new HardwareBook(forBoots)
    const { leases } = opening.use(await openLeases(leasesPath(directory), options))
    const opened = opening.move()
    return { boots, logs, hardware, leases, [Symbol.asyncDispose]: () => opened.disposeAsync() }
  } catch (cause) {
    if (cause instanceof StateError) throw new StateError(`Cannot use ${path}: ${cause.message}`)
    throw new StateError(explain(path, cause), { cause })
  }
}

/** Leases and what is known of NFS clients are one server's at a time, on whatever host. */
async function claimed(directory: string): Promise<() => Promise<void>> {
  return claimDirectory(directory).catch((error: unknown) => {
    if (!(error instanceof InUseError)) throw new StateError(`Cannot use ${directory}`, { cause: error })
    const advice = 'or, to serve another network beside it, name another directory with --state'
    throw new StateError(`Cannot use the state directory: ${error.message}, ${advice}`)
  })
}

/** SQLite says no more than "unable to open database file"; the system says why. */
async function requireWritable(directory: string, path: string): Promise<void> {
  try {
    await makeDirectories(directory)
    await access(directory, constants.W_OK)
    await access(path, constants.W_OK).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error
    })
  } catch (cause) {
    const advice = 'run netroot as its owner, or name another directory with --state'
    throw new StateError(`Cannot keep leases and boots in ${directory}; ${advice}`, { cause })
  }
}

/** Makes a new file ours; refuses one that is not, before anything is written to it. */
function claim(database: DatabaseSync): void {
  const application = numberIn(database, 'application_id')
  const format = numberIn(database, 'user_version')
  const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all()
  const names = tables.map((row) => String(row['name'])).filter((name) => !name.startsWith('sqlite_'))
  const isOurs = application === APPLICATION_ID || (application === 0 && names.every((name) => OUR_TABLES.has(name)))
  if (!isOurs) {
    throw new StateError('it is the database of another program; name another directory with --state')
  }
  if (format > FORMAT) {
    throw new StateError(
      `it was written by a newer netroot (format ${format}, this one knows ${FORMAT}); start that one, or name another directory with --state`,
    )
  }
  if (application !== 0 && format === FORMAT) return
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${FORMAT}`)
}

function numberIn(database: DatabaseSync, pragma: 'application_id' | 'user_version'): number {
  return Number(database.prepare(`PRAGMA ${pragma}`).get()?.[pragma] ?? 0)
}

/** SQLite's result codes that ask for something else than another try. */
const NOT_A_DATABASE = 26
const CORRUPT = 11

function explain(path: string, error: unknown): string {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  if (code !== NOT_A_DATABASE && code !== CORRUPT) return `Cannot use ${path}`
  return `Cannot use ${path}: it is damaged; move it away, and netroot up makes a new one (without the old leases and boots)`
}
