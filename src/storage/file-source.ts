import { readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { readNow } from '../sys/read-now.ts'
import { type CachedPages, cachedPages } from '../sys/page-cache.ts'
import type { Awaitable, ByteSource, FilePlace } from './byte-source.ts'
import type { ReadNow } from './patient-fd.ts'

/** A part of a file in bytes. */
export interface ByteRange {
  readonly offset: number
  readonly length: number
}

/** Milliseconds: a read that takes longer did not come from the page cache. */
const SLOW_MS = 4
/** Reads left to the thread pool after one that the medium was needed for, before another is tried at once. */
const PATIENT_READS = 16

/**
 * Opens a file, or a part of it, as a source.
 *
 * @throws the system's error, or a RangeError if the part does not lie in the file
 */
export async function openFileSource(path: string, range?: ByteRange, now?: ReadNow): Promise<FileSource> {
  const file = await open(path, 'r')
  try {
    return new FileSource(file, range ?? { offset: 0, length: (await file.stat()).size }, path, now)
  } catch (error) {
    await file.close()
    throw error
  }
}

/**
 * A source over an open file, which it closes. Bytes in the page cache are read at once, because the way through the
 * thread pool costs more than the copy; what must come from the medium goes that way, so that a cold disk does not hold
 * up everybody else. Where the system cannot tell, the reads after a slow one go that way.
 */
export class FileSource implements ByteSource {
  readonly #file: FileHandle
  readonly #offset: number
  readonly size: number
  readonly #readNow: ReadNow
  /** The file system cannot say whether a read would wait. */
  #untold = false
  readonly place: FilePlace
  #pages: CachedPages | 'unknown' | undefined
  #patientReads = 0
  #closed: Promise<void> | undefined

  /** @param name of the file, for errors */
  constructor(file: FileHandle, { offset, length }: ByteRange, name: string, now: ReadNow = readNow) {
    const bad = ![offset, length].every((value) => Number.isSafeInteger(value) && value >= 0)
    if (bad) throw new RangeError(`Cannot read ${length} bytes at ${offset} of ${name}, want whole numbers from 0`)
    this.#file = file
    this.#offset = offset
    this.size = length
    this.#readNow = now
    this.place = {
      fd: file.fd,
      offset,
      isInMemory: (position, wanted) => this.#isInMemory(position, wanted),
      read: (target, position) => this.read(target, position),
    }
  }

  read(target: Uint8Array, position: number): Awaitable<number> {
    if (this.#closed !== undefined) throw new Error('Cannot read a file that was closed')
    const length = Math.min(target.byteLength, Math.max(0, this.size - position))
    if (length === 0) return 0
    if (this.#patientReads > 0) return this.#readPatiently(target, length, position)
    const part = target.subarray(0, length)
    const count = this.#untold ? undefined : this.#readNow(this.#file.fd, part, this.#offset + position)
    if (count === undefined) return this.#readUntold(target, length, position)
    const done = count === 'waits' ? 0 : count
    if (done === length || count === 0) return done // none without waiting: it was cut off
    this.#patientReads = PATIENT_READS // even to be told "it waits" may begin to read ahead, which takes its time
    const rest = this.#readPatiently(target.subarray(done), length - done, position + done)
    return rest.then((more) => done + more)
  }
  close(): Promise<void> {
    return (this.#closed ??= this.#close())
  }

  #close(): Promise<void> {
    if (typeof this.#pages === 'object') this.#pages.close()
    this.#pages = 'unknown'
    return this.#file.close()
  }
  #isInMemory(position: number, length: number): boolean {
    this.#pages ??= cachedPages(this.#file.fd, this.#offset + this.size) ?? 'unknown'
    return this.#pages !== 'unknown' && this.#pages.has(this.#offset + position, length)
  }

  #readUntold(target: Uint8Array, length: number, position: number): Awaitable<number> {
    this.#untold = true
    return this.#readAtOnce(target, length, position)
  }

  #readAtOnce(target: Uint8Array, length: number, position: number): number {
    const began = performance.now()
    let done = 0
    while (done < length) {
      const count = readSync(this.#file.fd, target, done, length - done, this.#offset + position + done)
      if (count === 0) break // cut off since it was opened: the caller sees that it got less
      done += count
    }
    if (performance.now() - began > SLOW_MS) this.#patientReads = PATIENT_READS
    return done
  }

  async #readPatiently(target: Uint8Array, length: number, position: number): Promise<number> {
    if (this.#patientReads > 0) this.#patientReads -= 1
    let done = 0
    while (done < length) {
      const { bytesRead } = await this.#file.read(target, done, length - done, this.#offset + position + done)
      if (bytesRead === 0) break
      done += bytesRead
    }
    return done
  }
}
