import { readFile, readlink, rm, symlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { FileLock } from './file-lock.ts'

/** A directory that another process has open. */
export class InUseError extends Error {
  override readonly name = 'InUseError'
}

/** Gives back what was claimed. */
export type Unclaim = () => Promise<void>

/**
 * Claims a directory for this process, against others on this host and on those that share its file system. What a
 * process left that was killed does not count.
 *
 *     DIRECTORY/owner -> PID START HOST   the first two as in /proc/PID/stat: who has it, for people; a symlink is made in
 *                                         one step with what it says, and on a full disk too
 *     DIRECTORY/owner.lock                empty; locked while it is claimed
 *
 * A file system without locks leaves the note alone, which says no more of another host than that it was there.
 *
 * @returns takes the note away again
 * @throws {InUseError} that names the process which has it
 */
export async function claim(directory: string): Promise<Unclaim> {
  const path = join(directory, 'owner')
  const own = `${process.pid} ${await startOf(process.pid)} ${hostname()}`
  const lock = FileLock.take(join(directory, 'owner.lock'))
  if (lock !== 'held') return note(directory, own, lock === 'none' ? undefined : lock)
  const owner = await ownerIn(path)
  if (owner === own) return async () => undefined // opened twice by one process: the first gives it back
  throw inUse(directory, owner)
}

/** @param lock without it only the note says who has the directory */
async function note(directory: string, own: string, lock: FileLock | undefined): Promise<Unclaim> {
  const path = join(directory, 'owner')
  try {
    for (let tries = 0; !(await isNoted(own, path)); tries += 1) {
      const owner = await ownerIn(path)
      if (owner === own) return async () => undefined
      if (tries > 1 || (await mayRun(owner, lock !== undefined))) throw inUse(directory, owner)
      await rm(path, { force: true })
    }
  } catch (error) {
    lock?.release()
    throw error
  }
  return async () => {
    await rm(path, { force: true })
    lock?.release()
  }
}

function inUse(directory: string, owner: string): InUseError {
  const [pid = '', , host = ''] = owner.split(' ')
  const where = host === '' || host === hostname() ? '' : ` on ${host}`
  return new InUseError(`${directory} is in use by process ${pid}${where}: stop it first`)
}

async function isNoted(own: string, path: string): Promise<boolean> {
  try {
    await symlink(own, path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** Who noted it; '' where nobody has any more. */
async function ownerIn(path: string): Promise<string> {
  const inFile = (): Promise<string> => readFile(path, 'utf8') // as earlier versions wrote it
  return (
    await readlink(path)
      .catch(inFile)
      .catch(() => '')
  ).trim()
}

/** @param locked this process has the lock, so who runs elsewhere has none: only versions before it had no lock at all */
async function mayRun(owner: string, locked: boolean): Promise<boolean> {
  const [pid = '', start = '', host = hostname()] = owner.split(' ')
  if (host !== hostname()) return !locked
  return /^\d+$/.test(pid) && start !== '' && (await startOf(Number(pid))) === start
}

/** When a process began, in ticks since the host did; empty if there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
