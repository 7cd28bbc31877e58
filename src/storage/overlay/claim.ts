import { readFile, readlink, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../writable/errors.ts'

/** A directory of changes that another process has open. */
export class InUseError extends Error {
  override readonly name = 'InUseError'
}

/**
 * Notes in a directory that this process has it open. What a process left that was killed does not count.
 *
 *     DIRECTORY/owner -> PID START     a symlink: made in one step with what it says, and on a full disk too
 *
 * @returns takes the note away again
 * @throws {InUseError} that names the process which has it
 */
export async function claim(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'owner')
  const own = `${process.pid} ${await startOf(process.pid)}`
  for (let tries = 0; !(await isNoted(own, path)); tries += 1) {
    const owner = await ownerIn(path)
    if (owner === own) return async () => undefined // opened twice by one process: the first gives it back
    if (tries > 1 || (await isRunning(owner))) {
      throw new InUseError(`${directory} is in use by process ${owner.split(' ')[0]}: stop it first`)
    }
    await rm(path, { force: true })
  }
  return () => rm(path, { force: true })
}

async function isNoted(own: string, path: string): Promise<boolean> {
  try {
    await symlink(own, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
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

async function isRunning(owner: string): Promise<boolean> {
  const [pid = '', start = ''] = owner.split(' ')
  return /^\d+$/.test(pid) && start !== '' && (await startOf(Number(pid))) === start
}

/** When a process began, in ticks since the host did; empty if there is none. */
async function startOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
