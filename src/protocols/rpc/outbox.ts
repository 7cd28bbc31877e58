import type { Socket } from 'node:net'
import type { DirectSender } from '../../sys/direct-sender.ts'
import type { Gap } from './gap.ts'
import type { Outgoing } from './session.ts'

/** Of a file, what is written in the ordinary way where the kernel takes no more, to be told when it does again. */
const TAIL_BYTES = 16 * 1024
/** Milliseconds for which what was found in memory is taken to be there still. */
const FRESH_MS = 2

export interface OutboxOptions {
  readonly socket: Socket
  /** Undefined where the C library cannot be called. */
  readonly direct: Pick<DirectSender, 'send' | 'sendFile'> | undefined
  /** Told of each chunk when the system has taken it, or it is lost with the connection. */
  readonly sent: (chunk: Outgoing) => void
  /** The content of a file cannot be had any more, though its length was told: the stream is of no more use. */
  readonly failed: (error: unknown) => void
}

/**
 * The replies that one connection has still to take, in their order: one is never begun before all of the one before it
 * is on its way. They are handed to the kernel by itself, files straight from the page cache, as far as it takes them at
 * once. What is left waits for an ordinary write to be taken: then there is room again.
 */
export class Outbox {
  readonly #options: OutboxOptions
  readonly #chunks: Outgoing[] = []
  /** Bytes of the first chunk that are on their way, and how many of its gaps lie before them. */
  #at = 0
  #gap = 0
  /** An ordinary write or a read of a file is under way. */
  #waits = false
  #closed = false

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** True if all is on its way. */
  get empty(): boolean {
    return this.#chunks.length === 0
  }

  send(chunks: readonly Outgoing[]): void {
    this.#chunks.push(...chunks)
    if (this.#closed) this.close()
    else if (!this.#waits) this.#go()
  }

  /** The connection is no more. */
  close(): void {
    this.#closed = true
    if (this.#waits) return // what is being read or written must not be used for something else meanwhile
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) this.#finish(chunk)
  }

  #go(): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      while (this.#at < chunk.bytes.byteLength) if (!this.#sendSome(chunk)) return
      this.#finish(chunk)
    }
  }

  /** The first chunk is on its way, or lost. */
  #finish(chunk: Outgoing): void {
    for (const gap of chunk.gaps.slice(this.#gap)) gap.done()
    this.#chunks.shift()
    this.#at = this.#gap = 0
    this.#options.sent(chunk)
  }

  /** Sends up to the next border between memory and file; false if there is something to wait for. */
  #sendSome(chunk: Outgoing): boolean {
    const gap = chunk.gaps[this.#gap]
    if (gap !== undefined && gap.at <= this.#at) return this.#sendFile(chunk, gap)
    const end = gap?.at ?? chunk.bytes.byteLength
    const { direct, socket } = this.#options
    if (direct !== undefined) this.#at += direct.send(socket, chunk.bytes.subarray(this.#at, end), gap !== undefined)
    return this.#at === end || this.#write(chunk, end)
  }

  #sendFile(chunk: Outgoing, gap: Gap): boolean {
    const { at, length, position, place } = gap
    const [done, { direct, socket }] = [this.#at - at, this.#options]
    if (direct === undefined || !isThere(gap, done)) return this.#readTail(chunk, gap, Infinity)
    const part = { fd: place.fd, offset: place.offset + position + done, length: length - done }
    this.#pass(direct.sendFile(socket, part), gap)
    return this.#at === at + length || this.#readTail(chunk, gap, TAIL_BYTES)
  }

  #pass(bytes: number, { at, length, done }: Gap): void {
    this.#at += bytes
    if (this.#at < at + length) return
    this.#gap += 1
    done()
  }

  /** Reads at most so much of what is left of a file into its room, and writes it. */
  #readTail(chunk: Outgoing, gap: Gap, most: number): false {
    const { at, length, position, place } = gap
    const end = Math.min(this.#at + most, at + length)
    try {
      const reading = place.read(chunk.bytes.subarray(this.#at, end), position + this.#at - at)
      if (typeof reading === 'number') this.#writeTail(chunk, gap, end, reading)
      else this.#waitFor(reading, chunk, gap, end)
    } catch (error) {
      this.#fail(error)
    }
    return false
  }
  #waitFor(reading: Promise<number>, chunk: Outgoing, gap: Gap, end: number): void {
    this.#waits = true
    reading.then(
      (count) => this.#goOn(() => this.#writeTail(chunk, gap, end, count)),
      (error: unknown) => this.#goOn(() => this.#fail(error)),
    )
  }
  #writeTail(chunk: Outgoing, gap: Gap, end: number, count: number): void {
    const wanted = end - this.#at
    if (count === wanted) this.#write(chunk, end, gap)
    else this.#fail(new Error(`Cannot send a file: it became shorter: ${count} bytes, want ${wanted}`))
  }

  /** Writes up to `end` in the ordinary way. */
  #write(chunk: Outgoing, end: number, gap?: Gap): false {
    const bytes = chunk.bytes.subarray(this.#at, end)
    this.#waits = true
    this.#options.socket.write(bytes, (error) => {
      if (error != null) this.#closed = true
      this.#goOn(() => {
        if (gap === undefined) this.#at = end
        else this.#pass(bytes.byteLength, gap)
        this.#go()
      })
    })
    return false
  }

  /** What was waited for is over. */
  #goOn(work: () => void): void {
    this.#waits = false
    if (this.#closed) this.close()
    else work()
  }
  #fail(error: unknown): void {
    this.#options.failed(error)
    this.close()
  }
}

/** Whether what is left of a gap is in memory, so that sending it waits for no disk. */
function isThere({ place, position, length, seenAt }: Gap, done: number): boolean {
  if (performance.now() - seenAt < FRESH_MS) return true
  return place.isInMemory(position + done, length - done)
}
