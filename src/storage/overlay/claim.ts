import { link, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../writable/errors.ts'

/** A directory of changes that another process has open. */
export class InUseError extends Error {
  override readonly name = 'InUseError'
}

/**
 * Notes in a directory that this process has it open. What a process left that was killed does not count.
 *
 *     DIRECTORY/owner   PID START, as in /proc/PID/stat
 *
 * @returns takes the note away again
 * @throws {InUseError} that names the process which has it
 */
export async function claim(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'owner')
  const own = `${process.pid} ${await startOf(process.pid)}`
  const staged = `${path}.${process.pid}`
  await writeFile(staged, own)
  try {
    for (let tries = 0; !(await isLinked(staged, path)); tries += 1) {
      const owner = (await readFile(path, 'utf8').catch(() => '')).trim()
      if (owner === own) return async () => undefined // opened twice by one process: the first gives it back
      if (tries > 1 || (await isRunning(owner))) {
        throw new InUseError(`${directory} is in use by process ${owner.split(' ')[0]}: stop it first`)
      }
      await rm(path, { force: true })
    }
  } finally {
    await rm(staged, { force: true })
  }
  return () => rm(path, { force: true })
}

/** A link is made in one step, and only where there is none: with what it says. */
async function isLinked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
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
