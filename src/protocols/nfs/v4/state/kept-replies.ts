import type { Slot } from './session.ts'

/** Bytes of replies that are kept for all clients together: those of a thousand machines that have one request at a time. */
const MAX_BYTES = 64 * 1024 * 1024

/**
 * The replies that slots keep in case a client asks again, RFC 8881 §2.10.6.1. Together they have their limit: whoever has
 * thousands of sessions makes the oldest be forgotten, and who asks for one of them again is told so (RETRY_UNCACHED_REP).
 */
export class KeptReplies {
  readonly #slots = new Set<Slot>()
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes = MAX_BYTES) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The slot's reply is this one now. */
  keep(slot: Slot, reply: Buffer): void {
    this.drop(slot)
    slot.reply = reply
    this.#slots.add(slot)
    this.#bytes += reply.byteLength
    for (const old of this.#slots) {
      if (this.#bytes <= this.#maxBytes) return
      this.drop(old)
    }
  }

  /** The slot has none any more. */
  drop(slot: Slot): void {
    this.#bytes -= slot.reply?.byteLength ?? 0
    slot.reply = undefined
    this.#slots.delete(slot)
  }
}
