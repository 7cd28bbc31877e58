import { type FileHandle, open, readFile } from 'node:fs/promises'
import { constants } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import type { Ipv4 } from '../net/ipv4.ts'
import { writeFileAtomic } from '../sys/files.ts'

/** One lease as it is kept, by the clock of the host. */
export interface KeptLease {
  readonly address: Ipv4
  readonly mac: string
  readonly clientId?: string
  readonly hostName?: string
  readonly state: 'bound' | 'released' | 'declined'
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** The same clock; ahead of the host's own, that one was put back meanwhile. */
  readonly writtenAt: number
}

interface Waiting {
  readonly lines: readonly Line[]
  readonly done: PromiseWithResolvers<void>
}

/** One line of the file, and the address that it is about. */
interface Line {
  readonly address: Ipv4
  readonly text: string
  /** Does it only take a lease away? */
  readonly isGone: boolean
}

/** A write returns when its bytes are on the disk: one call for a batch instead of two. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_DSYNC
/**
 * Milliseconds from the beginning of one write to that of the next. A write costs as much processor time as four
 * exchanges of DHCP, so in a storm many leases share one; who asks alone is not kept waiting.
 */
const WRITE_EVERY_MS = 3
/** Whose leases are safe is told in portions, so that nobody's socket overflows with answers. */
const TOLD_AT_ONCE = 32
/** Lines that no longer count, before the file is written anew; more where there are more that count. */
const LEAST_STALE = 20_000

/**
 * A file of leases to which every change is added as a line: `CHECKSUM JSON`, the last of an address counts. All changes
 * that come while one batch goes to the disk are the next one, so that a storm of machines waits for the disk together
 * and the event loop never does. What a power cut left of a line is passed over.
 */
export class LeaseJournal implements AsyncDisposable {
  readonly #path: string
  readonly #leases: Map<Ipv4, string>
  #file: FileHandle
  #waiting: Waiting[] = []
  #writing: Promise<void> | undefined
  #stale = 0
  #wroteAt = Number.NEGATIVE_INFINITY
  /** The last batch may have left half a line. */
  #isTorn = false

  /**
   * Opens the file, which is made where there is none, and tidies it up.
   *
   * @throws {Error} of the system, or if it is a file of something else
   */
  static async open(path: string): Promise<LeaseJournal> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    const leases = linesOf(text)
    if (leases === undefined) throw new Error(`Cannot read ${path}: it holds no leases; name another file`)
    const journal = new LeaseJournal(path, leases, await open(path, APPEND))
    try {
      if (text !== journal.#text()) await journal.#tidy()
      return journal
    } catch (error) {
      await journal.#file.close()
      throw error
    }
  }

  private constructor(path: string, leases: Map<Ipv4, string>, file: FileHandle) {
    this.#path = path
    this.#leases = leases
    this.#file = file
  }

  /** All leases, the one that was written first at the beginning. */
  leases(): KeptLease[] {
    return [...this.#leases.values()].map((line) => JSON.parse(line.slice(CHECKSUM + 1)) as KeptLease)
  }

  /**
   * Resolves when the lease is on the disk.
   *
   * @param left an address that counts no more
   * @throws {Error} if it could not be written; then what was known before still holds
   */
  save(lease: KeptLease, left?: Ipv4): Promise<void> {
    const line = { address: lease.address, text: lineOf(lease), isGone: false }
    const lines = left === undefined ? [line] : [{ address: left, text: lineOf({ address: left }), isGone: true }, line]
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ lines, done })
    this.#writing ??= this.#writeAll()
    return done.promise
  }
  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#file.close()
  }

  async #writeAll(): Promise<void> {
    await new Promise(setImmediate) // all that this turn of the event loop brings
    while (this.#waiting.length > 0) {
      const early = this.#wroteAt + WRITE_EVERY_MS - performance.now()
      if (early > 0) await sleep(Math.ceil(early))
      this.#wroteAt = performance.now()
      const batch = this.#waiting
      this.#waiting = []
      await this.#write(batch)
    }
    this.#writing = undefined
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      if (this.#stale > Math.max(LEAST_STALE, 2 * this.#leases.size)) await this.#tidy()
      const lines = batch.flatMap((one) => one.lines)
      const text = lines.map((line) => line.text).join('')
      const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text)
      this.#isTorn = true
      const { bytesWritten } = await this.#file.write(bytes)
      if (bytesWritten < bytes.byteLength) throw new Error('no space left on the disk')
      this.#isTorn = false
      for (const line of lines) this.#stale += enter(this.#leases, line)
      for (const [index, { done }] of batch.entries()) {
        if (index % TOLD_AT_ONCE === TOLD_AT_ONCE - 1) await new Promise(setImmediate)
        done.resolve()
      }
    } catch (cause) {
      const error = new Error(`Cannot save leases in ${this.#path}`, { cause })
      for (const { done } of batch) done.reject(error)
    }
  }

  /** Where there is no room for that, the file stays as it is, which is just as right. */
  async #tidy(): Promise<void> {
    await this.#rewrite().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOSPC' && error.code !== 'EDQUOT') throw error
      this.#isTorn = true
      this.#stale = 0
    })
  }
  #text(): string {
    return [...this.#leases.values()].join('')
  }
  async #rewrite(): Promise<void> {
    await writeFileAtomic(this.#path, this.#text())
    const before = this.#file
    this.#file = await open(this.#path, APPEND)
    this.#stale = 0
    await before.close()
  }
}

/** Digits of a checksum. */
const CHECKSUM = 8

function lineOf(entry: KeptLease | { readonly address: Ipv4 }): string {
  const json = JSON.stringify(entry)
  return `${checksum(json)} ${json}\n`
}
function checksum(json: string): string {
  return crc32(json).toString(16).padStart(CHECKSUM, '0')
}

/** The lines that count, by address; undefined if the file has lines and not one of ours. */
function linesOf(text: string): Map<Ipv4, string> | undefined {
  const leases = new Map<Ipv4, string>()
  const lines = text.split('\n').filter((line) => line !== '')
  const ours = lines.filter((line) => checksum(line.slice(CHECKSUM + 1)) === line.slice(0, CHECKSUM))
  for (const line of ours) enter(leases, parsed(line))
  const isForeign = lines.length > 1 && ours.length === 0
  return isForeign || text.startsWith('SQLite format') ? undefined : leases
}

/** How many lines count no more because of this one: itself, where it only takes a lease away, and the one before. */
function enter(leases: Map<Ipv4, string>, { address, text, isGone }: Line): number {
  const before = leases.delete(address) ? 1 : 0
  if (isGone) return before + 1
  leases.set(address, text)
  return before
}

function parsed(line: string): Line {
  const entry = JSON.parse(line.slice(CHECKSUM + 1)) as Partial<KeptLease> & { readonly address: Ipv4 }
  return { address: entry.address, text: `${line}\n`, isGone: entry.state === undefined }
}
