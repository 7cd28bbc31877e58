import type { ByteString } from '../../../../wire/bytestring.ts'
import type { ClientRecord } from './records.ts'

/**
 * The time after a start in which clients of before take back what they held, RFC 8881 §8.4.2. It ends when all have
 * done so, or have had a lease's time for it. While only clients are missing that held nothing others could take, as
 * machines with a read-only root do, nobody has to wait for them.
 */
export class Grace {
  readonly #waiting: Map<ByteString, ClientRecord>
  readonly #known: ReadonlyMap<ByteString, ClientRecord>
  readonly #endsAt: number
  #over = false
  #closed = false

  /** @param endsAt when it ends at the latest, in the clock of `active()` */
  constructor(records: readonly ClientRecord[], endsAt: number) {
    this.#waiting = new Map(records.map((record) => [record.owner, record]))
    this.#known = new Map(this.#waiting)
    this.#endsAt = endsAt
  }

  /** True while reclaims are taken. */
  active(now: number): boolean {
    if (this.#waiting.size === 0 || now >= this.#endsAt) this.#over = true
    return !this.#over
  }

  /** True until all are back or {@link close} was called: somebody may still hold something. */
  get pending(): boolean {
    return !this.#closed && this.#waiting.size > 0
  }
  /** True while something may not be given to others yet. */
  get guards(): boolean {
    return this.pending && [...this.#waiting.values()].some(({ exclusive }) => exclusive)
  }

  /** It is over, and it is on the disk that those who are {@link missing} have lost what they held. */
  close(): void {
    this.#closed = true
  }

  /** True if this client was there before the start. */
  knows(owner: ByteString): boolean {
    return this.#known.has(owner)
  }

  /** True if the record of this client said that it held something others could take. */
  wasExclusive(owner: ByteString): boolean {
    return this.#known.get(owner)?.exclusive === true
  }

  /** The client has all that it wants (RECLAIM_COMPLETE), or is a new one of the same name that wants nothing. */
  done(owner: ByteString): void {
    this.#waiting.delete(owner)
  }

  /** Owners that did not come back in time. */
  get missing(): readonly ByteString[] {
    return [...this.#waiting.keys()]
  }
}
