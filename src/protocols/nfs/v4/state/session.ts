import type { ByteString } from '../../../../wire/bytestring.ts'
import { NFS4, refuse } from '../status.ts'
import type { Client } from './client.ts'

/** What a channel may carry, channel_attrs4: RFC 8881 §18.36. Sizes in bytes, RPC header included. */
export interface ChannelLimits {
  readonly requestBytes: number
  readonly replyBytes: number
  readonly cachedBytes: number
  readonly operations: number
  readonly slots: number
}

/** One request at a time, and the answer to the last one. */
export interface Slot {
  /** Of the last request: 0 before the first. */
  sequence: number
  busy: boolean
  /** The answer to it, where the client wanted it kept; {@link KeptReplies} alone changes it. */
  reply: Buffer | undefined
}

/** What to do with a request: carry it out on its slot, or send what was sent before. */
export type Admission =
  | { readonly kind: 'new'; readonly slot: Slot }
  | { readonly kind: 'again'; readonly reply: Buffer }

/** A session: as many requests at once as it has slots, each carried out exactly once, RFC 8881 §2.10.6. */
export class Session {
  readonly id: ByteString
  readonly client: Client
  readonly limits: ChannelLimits
  readonly #slots: Slot[] = []
  /** Requests that still run end, but nothing is kept of them. */
  destroyed = false

  constructor(id: ByteString, client: Client, limits: ChannelLimits) {
    this.id = id
    this.client = client
    this.limits = limits
  }

  /** Those that were used. */
  get slots(): readonly Slot[] {
    return this.#slots
  }

  /**
   * Takes a request, §18.46.
   *
   * @throws {StatusError} NFS4ERR_BADSLOT, SEQ_MISORDERED, RETRY_UNCACHED_REP; DELAY while the first try still runs
   */
  admit(slotNumber: number, sequence: number): Admission {
    if (slotNumber >= this.limits.slots) refuse(NFS4.badSlot)
    const slot = this.#slot(slotNumber)
    if (sequence === slot.sequence) {
      if (slot.busy) refuse(NFS4.delay)
      return {
        kind: 'again',
        reply: slot.reply ?? refuse(slot.sequence === 0 ? NFS4.sequenceMisordered : NFS4.retryUncached),
      }
    }
    if (sequence !== (slot.sequence + 1) >>> 0) refuse(NFS4.sequenceMisordered)
    if (slot.busy) refuse(NFS4.delay)
    slot.sequence = sequence
    slot.busy = true
    return { kind: 'new', slot }
  }

  /** Slots are made when they are used: a client that has one request at a time holds one. */
  #slot(number: number): Slot {
    while (this.#slots.length <= number) this.#slots.push({ sequence: 0, busy: false, reply: undefined })
    return this.#slots[number] ?? refuse(NFS4.badSlot)
  }
}
