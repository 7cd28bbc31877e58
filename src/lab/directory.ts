import { chmod, lstat, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ownIdentity, startTimeOf } from './process-table.ts'

const NAME = /^netroot-lab-(\d+)-(\d+)-(\d+)-\w+$/

/**
 * Makes the folder of one lab, readable by its owner only, and removes those of owners that are dead. The name says who
 * the owner is: pid namespace, pid, start time.
 */
export async function makeLabDirectory(parent = tmpdir()): Promise<string> {
  await removeStaleDirectories(parent)
  const { namespace, pid, startTime } = await ownIdentity()
  const directory = await mkdtemp(join(parent, `netroot-lab-${namespace}-${pid}-${startTime}-`))
  await chmod(directory, 0o700)
  return directory
}

/** Removes what labs left behind whose process was killed; never the folder of a live one, or of another user. */
export async function removeStaleDirectories(parent = tmpdir()): Promise<void> {
  const own = await ownIdentity()
  for (const name of await readdir(parent)) {
    const [, namespace, pid, startTime] = NAME.exec(name) ?? []
    if (namespace !== own.namespace || (await startTimeOf(Number(pid))) === startTime) continue
    const info = await lstat(join(parent, name)).catch(() => undefined)
    if (info?.isDirectory() !== true || info.uid !== process.getuid?.()) continue
    await rm(join(parent, name), { recursive: true, force: true })
  }
}
