import { readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { nfsDropInPath } from '../config/paths.ts'
import { dropIn, stateOf } from '../exports/drop-in.ts'
import { makeDirectories, writeFileAtomic } from '../sys/files.ts'
import { messageWithCauses } from '../sys/log.ts'
import { run } from '../sys/run.ts'

/** What was written for another NFS server. */
const Note = z.object({
  server: z.enum(['kernel', 'ganesha']),
  file: z.string(),
  reload: z.array(z.string()),
  /** Where releases lie that this netroot unpacked; missing where that is its store. */
  directory: z.string().optional(),
  /** Their digests. */
  releases: z.array(z.string()),
})
export type NfsNote = z.infer<typeof Note>

/** What cannot be done with another NFS server; the text says what to type. */
export class NfsServerError extends Error {
  override readonly name: 'NfsServerError' | 'PermissionError'

  constructor(message: string, { isRight = false, ...options }: ErrorOptions & { readonly isRight?: boolean } = {}) {
    super(message, options)
    this.name = isRight ? 'PermissionError' : 'NfsServerError'
  }
}

/** What is noted in a state directory; undefined where nothing is, or what is there cannot be read. */
export async function readNfsNote(state: string): Promise<NfsNote | undefined> {
  const text = await readIfThere(nfsDropInPath(state))
  if (text === undefined) return undefined
  try {
    return Note.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** Noted before the file is written: a netroot that is killed in between leaves nothing that nobody takes back. */
export async function writeNfsNote(state: string, note: NfsNote): Promise<void> {
  await makeDirectories(state)
  await writeFileAtomic(nfsDropInPath(state), `${JSON.stringify(note)}\n`)
}

/**
 * Writes a drop-in file, beside and renamed, unless it is what it should be.
 *
 * @returns whether it was another one
 * @throws {NfsServerError} if somebody else made the file or changed it, or its directory is not there
 */
export async function writeNfsDropIn(file: string, wanted: string): Promise<boolean> {
  const found = await readIfThere(file)
  if (found === wanted) return false
  const isFree = found === undefined || found.trim() === '' // made by hand, to be included
  const state = isFree ? 'outdated' : stateOf(found, wanted)
  if (state === 'foreign' || state === 'changed-by-hand') {
    const what = state === 'foreign' ? 'was not made by netroot' : 'was changed by hand since netroot made it'
    throw new NfsServerError(`Cannot write ${file}: it ${what}; look at it and move it away, or say nfs: { file: … }`)
  }
  try {
    if (file.startsWith('/etc/exports.d/')) await makeDirectories(dirname(file)) // exports(5) names it, Debian does not make it
    await writeFileAtomic(file, wanted)
  } catch (cause) {
    throw new NfsServerError(`Cannot write ${file}, the drop-in file that nfs: of netroot.yaml asks for`, { cause })
  }
  return true
}

/** What a withdrawal tells. */
export interface NfsWithdrawal {
  /** For people: what was removed. */
  readonly say: (text: string) => void
  readonly warn: (text: string) => void
}

/**
 * Takes back the drop-in file that is noted, and has its server read what is left. ganesha's stays, with no export in it:
 * its configuration includes the file and would not be read without it. What somebody has changed stays too.
 *
 * @param inForce the file that is used now; it is not touched
 */
export async function withdrawNfsDropIn(state: string, { say, warn }: NfsWithdrawal, inForce?: string): Promise<void> {
  const note = await readNfsNote(state)
  if (note === undefined || note.file === inForce) return
  const { file, server, reload } = note
  const found = await readIfThere(file)
  const emptied = dropIn({ daemon: server === 'kernel' ? 'exports' : server, comment: '#', body: '' }, 'netroot.yaml')
  if (found !== undefined && found !== emptied) {
    if (stateOf(found, emptied) !== 'outdated') warn(`${file} stays: somebody has changed it since netroot made it`)
    else {
      await (server === 'kernel' ? rm(file) : writeFileAtomic(file, emptied))
      say(`${file} ${server === 'kernel' ? 'removed' : 'emptied'}: nfs: in netroot.yaml names that server no more`)
      await reloadNfsServer(reload).catch((error: unknown) => warn(messageWithCauses(error)))
    }
  }
  await rm(nfsDropInPath(state), { force: true })
}

/** Runs the command that has a server read its files again; none does nothing. @throws {CommandError} */
export async function reloadNfsServer([program, ...args]: readonly string[]): Promise<void> {
  if (program !== undefined) await run(program, args, { env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` } })
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
