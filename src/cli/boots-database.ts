import { existsSync, readFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { CONFIG_FILE, databasePath, stateDirectory } from '../config/paths.ts'
import { YamlSource } from '../config/yaml-source.ts'
import { BootLogsReader } from '../fleet/boot-logs.ts'
import { type Boot, BootsReader } from '../fleet/boots-reader.ts'
import { hasBootTables } from '../fleet/boots-schema.ts'
import { isIpv4 } from '../net/ipv4.ts'
import { tryParseMac } from '../net/mac.ts'
import { UsageError } from './failure.ts'

/** The option that every command on boots has. */
export const STATE_OPTION = [
  '--state <directory>',
  'where the boots are kept (default: the store: of ./netroot.yaml, else $NETROOT_STATE, /var/lib/netroot for root)',
] as const

/** How often a follower looks for new events. */
const POLL_MS = 200

/** The boots of a state directory, opened to be read. Dispose it. */
export interface OpenBoots extends Disposable {
  readonly boots: BootsReader
  readonly logs: BootLogsReader
}

/**
 * Opens the boots that a server keeps, beside the running server.
 *
 * @throws {UsageError} if no server has kept boots there
 */
export function openBoots(state: string | undefined): OpenBoots {
  const path = databasePath(state ?? configuredStore() ?? stateDirectory())
  if (!existsSync(path)) throw noBoots(path)
  const database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  if (hasBootTables(database)) {
    const logs = new BootLogsReader(database)
    return { boots: new BootsReader(database), logs, [Symbol.dispose]: () => database.close() }
  }
  database.close()
  throw noBoots(path)
}

/** Where `netroot up` keeps them here. A file with mistakes is for `netroot config check` to tell. */
function configuredStore(): string | undefined {
  try {
    const data = new YamlSource(readFileSync(CONFIG_FILE, 'utf8')).toData()
    const store = typeof data === 'object' && data !== null && 'store' in data ? data.store : undefined
    return typeof store === 'string' && store !== '' ? store : undefined
  } catch {
    return undefined
  }
}

function noBoots(path: string): UsageError {
  return new UsageError(
    `There are no boots in ${path}; start netroot up, or name the right place with --state DIRECTORY`,
  )
}

/**
 * The boot that a person means: by its id, or the latest of a client's name, a MAC address or an address.
 *
 * @throws {UsageError} if there is none
 */
export function findBoot(boots: BootsReader, text: string): Boot {
  const found = boots.get(text) ?? boots.currentByName(text) ?? byAddress(boots, text)
  if (found !== undefined) return found
  throw new UsageError(
    `Cannot find a boot of ${JSON.stringify(text)}, want a boot's id, a client's name, a MAC address or an IP address; netroot boots lists them`,
  )
}

function byAddress(boots: BootsReader, text: string): Boot | undefined {
  if (isIpv4(text)) return boots.currentByAddress(text)
  const mac = tryParseMac(text)
  return mac === undefined ? undefined : boots.current(mac)
}

/** How people call the machine of a boot. */
export function machineName({ name, machine }: Boot): string {
  return name === '' ? machine.mac : name
}

/** Yields what `read` finds after the sequence number of what it found last, for ever or until the signal aborts. */
export async function* follow<T extends { readonly sequence: number }>(
  read: (sequence: number) => readonly T[],
  start: number,
  signal: AbortSignal,
): AsyncGenerator<T> {
  for (let last = start; !signal.aborted; ) {
    for (const one of read(last)) {
      last = one.sequence
      yield one
    }
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Aborts at the first Ctrl-C or SIGTERM, so that a follower ends with status 0. */
export function untilStopped(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  return stop.signal
}
