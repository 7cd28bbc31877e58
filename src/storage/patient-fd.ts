import { close, read, readSync, write } from 'node:fs'
import { promisify } from 'node:util'
import { readNow } from '../sys/read-now.ts'
import type { Awaitable } from './byte-source.ts'

const readLater = promisify(read)
const writeLater = promisify(write)
const closeLater = promisify(close)

/** Milliseconds: what takes longer was not served by memory. */
const SLOW_MS = 4
/** Calls left to the thread pool after one that the medium was needed for, before another is tried at once. */
const PATIENT_CALLS = 16

/** What `readNow` does. */
export type ReadNow = typeof readNow

/**
 * An open file whose slow calls go to the thread pool: the event loop is everybody's. What the page cache has is
 * read at once, because the way through the pool costs more than the copy.
 */
export class PatientFd {
  readonly fd: number
  readonly #readNow: ReadNow
  /** The file system cannot say whether a read would wait. */
  #untold = false
  #patientCalls = 0
  #running = 0
  #closing: Promise<void> | undefined
  #idle: (() => void) | undefined

  /** @param fd it is closed by `close()` */
  constructor(fd: number, now: ReadNow = readNow) {
    this.fd = fd
    this.#readNow = now
  }

  /**
   * Fills `target` from `position` on; returns how many bytes there were, fewer only at the end.
   *
   * @param waits true where the medium is needed as far as is known
   * @throws the system's error
   */
  read(target: Uint8Array, position: number, waits = false): Awaitable<number> {
    this.#checkOpen()
    if (waits || this.#patientCalls > 0) return this.#readRest(target, position, 0)
    const count = this.#untold ? undefined : this.#readNow(this.fd, target, position)
    if (count === undefined) return this.#readUntold(target, position)
    const done = count === 'waits' ? 0 : count
    if (done === target.byteLength || count === 0) return done // none without waiting: the end
    this.#patientCalls = PATIENT_CALLS // even to be told "it waits" may begin to read ahead, which takes its time
    return this.#readRest(target, position, done)
  }

  /**
   * Writes all bytes, by the thread pool: few file systems say beforehand whether a write would wait. They must not change
   * before it is done.
   *
   * @throws the system's error; a part may be written then
   */
  write(bytes: Uint8Array, position: number): Promise<void> {
    return this.during(async (fd) => {
      for (let done = 0; done < bytes.byteLength; ) {
        done += (await writeLater(fd, bytes, done, bytes.byteLength - done, position + done)).bytesWritten
      }
    })
  }

  /** Runs a call on the file that takes its time; the file stays open until it is done. */
  async during<T>(call: (fd: number) => Promise<T>): Promise<T> {
    this.#checkOpen()
    this.#running += 1
    try {
      return await call(this.fd)
    } finally {
      this.#running -= 1
      if (this.#running === 0) this.#idle?.()
    }
  }

  /** Closes the file once no call is running. Calling it twice is fine. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async #close(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    await closeLater(this.fd)
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new Error('Cannot use a file that was closed')
  }

  /** Where the system cannot tell whether a read would wait. */
  #readUntold(target: Uint8Array, position: number): Awaitable<number> {
    this.#untold = true
    return this.#readAtOnce(target, position)
  }

  #readAtOnce(target: Uint8Array, position: number): number {
    const began = performance.now()
    let done = 0
    while (done < target.byteLength) {
      const count = readSync(this.fd, target, done, target.byteLength - done, position + done)
      if (count === 0) break
      done += count
    }
    this.#note(began)
    return done
  }

  #readRest(target: Uint8Array, position: number, from: number): Promise<number> {
    if (this.#patientCalls > 0) this.#patientCalls -= 1
    return this.during(async (fd) => {
      let done = from
      while (done < target.byteLength) {
        const { bytesRead } = await readLater(fd, target, done, target.byteLength - done, position + done)
        if (bytesRead === 0) break
        done += bytesRead
      }
      return done
    })
  }

  #note(began: number): void {
    if (performance.now() - began > SLOW_MS) this.#patientCalls = PATIENT_CALLS
  }
}
