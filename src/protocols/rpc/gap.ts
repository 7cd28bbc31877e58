import type { FilePlace } from '../../storage/byte-source.ts'

/**
 * Content of a file that a message has room for and does not hold. It is sent from where it lies; only if that does not
 * go it is read into its room.
 */
export interface Gap {
  /** Where its room begins, in bytes from the beginning of the chunk. */
  readonly at: number
  readonly length: number
  readonly place: FilePlace
  /** In the place. */
  readonly position: number
  /** When it was found to be in memory, `performance.now()`. */
  readonly seenAt: number
  /** Called when the place is not needed any more. */
  readonly done: () => void
}

/** The gaps of messages that are being written. Offsets are those of the block until they are taken. */
export class Gaps {
  #gaps: Gap[] = []

  get any(): boolean {
    return this.#gaps.length > 0
  }
  add(gap: Gap): void {
    this.#gaps.push(gap)
  }
  /** True if one of them begins at or behind this offset. */
  anyFrom(offset: number): boolean {
    return this.#gaps.some(({ at }) => at >= offset)
  }
  /** What they lie in begins so many bytes earlier. */
  shift(bytes: number): void {
    this.#gaps = this.#gaps.map((gap) => ({ ...gap, at: gap.at - bytes }))
  }
  /** They are not sent. */
  dropFrom(offset: number): void {
    for (const gap of this.#gaps) if (gap.at >= offset) gap.done()
    this.#gaps = this.#gaps.filter(({ at }) => at < offset)
  }
  /** Takes those before `end`, for a chunk that begins at `first`. */
  take(first: number, end: number): readonly Gap[] {
    const taken = this.#gaps.filter(({ at }) => at < end).map((gap) => ({ ...gap, at: gap.at - first }))
    this.#gaps = this.#gaps.filter(({ at }) => at >= end)
    return taken
  }
}
