import { closeSync, constants, fsync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type { NodeId } from '../file-tree.ts'
import { PatientFd } from '../patient-fd.ts'
import { SharedCommit } from './shared-commit.ts'

const syncLater = promisify(fsync)

/**
 * A regular file that is open, however often. It is opened for reading, and anew for writing when somebody writes: a
 * program that runs on the host could not start while it is open for writing.
 */
export class OpenNode {
  readonly node: NodeId
  #reading: PatientFd | undefined
  #writing: PatientFd | undefined
  readonly #commits = new SharedCommit(() => (this.#writing ?? this.reading).during((fd) => syncLater(fd)))
  /** Who has it open. */
  holders = 0

  /** @param both for reading and writing, where it is open for both */
  constructor(node: NodeId, fds: { readonly reading?: number; readonly writing?: number; readonly both?: number }) {
    this.node = node
    if (fds.both !== undefined) this.#reading = this.#writing = new PatientFd(fds.both)
    if (fds.reading !== undefined) this.#reading = new PatientFd(fds.reading)
    if (fds.writing !== undefined) this.#writing = new PatientFd(fds.writing)
  }

  /** A descriptor of it, whatever it may be used for. */
  get fd(): number {
    return (this.#reading ?? this.writing).fd
  }
  get reading(): PatientFd {
    this.#reading ??= new PatientFd(reopen(this.writing.fd, constants.O_RDONLY))
    return this.#reading
  }
  get writing(): PatientFd {
    this.#writing ??= new PatientFd(reopen(this.#reading?.fd ?? -1, constants.O_WRONLY))
    return this.#writing
  }

  /** It was changed, or is being. */
  touch(): void {
    this.#commits.touch()
  }
  /** Everything on the medium, attributes too. */
  commit(): Promise<void> {
    return this.#commits.run()
  }
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.writing.write(bytes, position)
  }
  async close(): Promise<void> {
    await Promise.all([this.#reading?.close(), this.#writing?.close()])
  }
}

/**
 * Opens a file anew that is open already: the same inode, wherever its name is now.
 *
 * @param fd O_PATH is enough
 */
export function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags)
}

/** Does something with a descriptor and closes it. */
export function withFd<T>(fd: number, use: (fd: number) => T): T {
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}
