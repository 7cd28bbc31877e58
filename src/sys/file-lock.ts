import { DatabaseSync } from 'node:sqlite'

/** SQLite's result codes, without the details in their upper bytes. */
const BUSY = 5
const LOCKED = 6

/**
 * A lock on a file that ends with this process, however that ends: also for other hosts, where the file system is
 * shared and has locks. Node has none of its own, but SQLite locks its databases (fcntl, POSIX); this one stays empty.
 */
export class FileLock {
  readonly #database: DatabaseSync

  /** @returns `held` if another has the lock, this process perhaps; `none` if the file system has no locks, or no room for it */
  static take(path: string): FileLock | 'held' | 'none' {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { timeout: 0 })
      database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
      return new FileLock(database)
    } catch (error) {
      database?.close()
      return isBusy(error) ? 'held' : 'none'
    }
  }

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** Calling it twice is fine. */
  release(): void {
    if (this.#database.isOpen) this.#database.close()
  }
}

function isBusy(error: unknown): boolean {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0
  return code === BUSY || code === LOCKED
}
