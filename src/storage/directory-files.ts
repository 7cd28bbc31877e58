import { constants } from 'node:fs'
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { FileSource } from './file-source.ts'

/** Why a name is not served: `missing` no such file, `forbidden` not one that is given away, `invalid` not a name. */
export type FileRefusalReason = 'missing' | 'forbidden' | 'invalid'

/** A file that is not served, in words that may go to the client: they say nothing of the server's own paths. */
export class FileRefusal extends Error {
  readonly reason: FileRefusalReason

  constructor(reason: FileRefusalReason, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'FileRefusal'
    this.reason = reason
  }
}

/** A served file, opened. */
export interface ServedFile {
  readonly source: FileSource
  /** Where it lies in the served directory, without symbolic links: `boot/vmlinuz`. */
  readonly name: string
  readonly modified: Date
  /** Changes whenever the content does, as far as the file system tells: made of inode, size and time. */
  readonly version: string
}

const LONGEST_NAME = 4096 // PATH_MAX

/** The regular files in and below one directory, by names that clients give. Nothing outside it is ever opened. */
export class DirectoryFiles {
  readonly #root: string

  /**
   * @throws {Error} if there is no such directory
   */
  static async open(directory: string): Promise<DirectoryFiles> {
    const root = await realpath(directory).catch((cause: unknown) => {
      throw new Error(`Cannot serve ${directory}: no such directory`, { cause })
    })
    if (!(await lstat(root)).isDirectory()) throw new Error(`Cannot serve ${directory}: it is a file, want a directory`)
    return new DirectoryFiles(root)
  }
  private constructor(root: string) {
    this.#root = root
  }

  /**
   * Opens a file. A leading slash means the served directory, a backslash is a slash, as firmware has it.
   *
   * Symbolic links are followed as long as they stay inside. What was opened is looked at again afterwards, so that
   * one that is put there between look and open leads nowhere either.
   *
   * @throws {FileRefusal} if the name leaves the directory, or is none of a regular file that can be read
   */
  async openFile(name: string): Promise<ServedFile> {
    const shown = forPeople(name)
    const path = join(this.#root, relativeOf(name, shown))
    const real = await realpath(path).catch((cause: unknown) => refuseSystemError(cause, shown))
    this.#checkInside(real, shown)
    const kind = await lstat(real).catch((cause: unknown) => refuseSystemError(cause, shown))
    if (kind.isDirectory()) throw new FileRefusal('forbidden', `Cannot send ${shown}: it is a directory`)
    if (!kind.isFile()) throw new FileRefusal('forbidden', `Cannot send ${shown}: it is not a regular file`)
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK // a FIFO would hold us for ever
    const file = await open(real, flags).catch((cause: unknown) => refuseSystemError(cause, shown))
    try {
      return await this.#served(file, shown)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async #served(file: FileHandle, shown: string): Promise<ServedFile> {
    const stats = await file.stat({ bigint: true })
    if (!stats.isFile()) throw new FileRefusal('forbidden', `Cannot send ${shown}: it is not a regular file`)
    const opened = await readlink(`/proc/self/fd/${file.fd}`)
    this.#checkInside(opened, shown)
    const size = Number(stats.size)
    return {
      source: new FileSource(file, { offset: 0, length: size }, shown),
      name: opened.slice(this.#root === '/' ? 1 : this.#root.length + 1),
      modified: new Date(Number(stats.mtimeMs)),
      version: [stats.ino, stats.size, stats.mtimeNs].map((value) => value.toString(36)).join('-'),
    }
  }

  #checkInside(real: string, shown: string): void {
    const inside = real === this.#root || real.startsWith(this.#root === '/' ? '/' : `${this.#root}/`)
    if (!inside) throw new FileRefusal('forbidden', `Cannot send ${shown}: it leads out of the served directory`)
  }
}

/** The path below the served directory that a client means. */
function relativeOf(name: string, shown: string): string {
  if (name.includes('\0')) throw new FileRefusal('invalid', `Cannot send ${shown}: its name has a NUL in it`)
  if (name.length > LONGEST_NAME) {
    const found = `its name has ${name.length} characters, want at most ${LONGEST_NAME}`
    throw new FileRefusal('invalid', `Cannot send ${shown}: ${found}`)
  }
  const steps: string[] = []
  for (const step of name.replaceAll('\\', '/').split('/')) {
    if (step === '' || step === '.') continue
    if (step !== '..') steps.push(step)
    else if (steps.pop() === undefined) {
      throw new FileRefusal('forbidden', `Cannot send ${shown}: it leads out of the served directory`)
    }
  }
  return steps.join('/')
}

function refuseSystemError(cause: unknown, shown: string): never {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
    throw new FileRefusal('missing', `File not found: ${shown}`, { cause })
  }
  if (code === 'ELOOP')
    throw new FileRefusal('forbidden', `Cannot send ${shown}: symbolic links in a circle`, { cause })
  if (code === 'EACCES' || code === 'EPERM') {
    throw new FileRefusal('forbidden', `Cannot send ${shown}: the server may not read it`, { cause })
  }
  throw cause
}

/** A name to show: not too long, and without what a terminal would take for a command. */
function forPeople(name: string): string {
  const printable = name.replace(/\p{Cc}/gu, '?')
  return printable.length > 100 ? `${printable.slice(0, 99)}…` : printable
}
