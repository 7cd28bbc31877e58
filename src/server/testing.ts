import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestContext } from 'node:test'
import { BootLogs } from '../fleet/boot-logs.ts'
import { Boots } from '../fleet/boots.ts'
import type { BootEvent } from '../fleet/events.ts'
import { importStream } from '../image/import.ts'
import { specimenTar } from '../image/specimen.ts'
import { ReleaseStore } from '../image/store.ts'
import { silent } from '../sys/log.ts'
import { BootStory } from './boot-story.ts'

/** For tests: a story whose database is in memory. */
export function memoryStory(
  t: TestContext,
  log = silent,
): { boots: Boots; story: BootStory; logs: BootLogs; database: DatabaseSync } {
  const database = new DatabaseSync(':memory:')
  t.after(() => database.isOpen && database.close())
  const boots = new Boots(database)
  const logs = new BootLogs(database)
  return { boots, database, logs, story: new BootStory(boots, (mac) => (mac === PC7 ? 'pc7' : ''), log, logs) }
}

/** For tests: a machine that has a name. */
export const PC7 = '52:54:00:00:00:07'

/** For tests: the events of a boot. */
export function eventsOf(boots: Boots, id: string): BootEvent[] {
  return boots.events(id).map(({ event }) => event)
}

/** For tests: a directory that goes with the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'netroot-server-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  return directory
}

/** For tests: a store with one release, as image `specimen`. */
export async function specimenStore(t: TestContext): Promise<{ store: ReleaseStore; digest: string }> {
  const store = await ReleaseStore.open(await temporaryDirectory(t))
  const bytes = (async function* () {
    yield specimenTar()
  })()
  const { info } = await importStream(store, 'specimen', { bytes, name: 'a specimen' })
  return { store, digest: info.digest }
}
