/** What one transfer is like. */
export interface SessionOptions {
  /** Bytes of the file. */
  readonly size: number
  /** Bytes of data in a block. */
  readonly blockSize: number
  /** Blocks sent before an acknowledgement is awaited. */
  readonly windowSize: number
  /** Options were agreed: an OACK goes first, as block 0. */
  readonly optionAck: boolean
  /** What the client wants to pass at most before something is sent again; undefined if it named nothing. */
  readonly timeoutMs: number | undefined
  /** Milliseconds of a clock that only goes forward, as with every other `now` here. */
  readonly now: number
}

const FIRST_WAIT_MS = 1000
const SHORTEST_WAIT_MS = 100
const LONGEST_WAIT_MS = 4000
/** A link that is renegotiated, or a switch port that learns spanning tree, is silent for less than this. */
const GIVE_UP_MS = 35_000
/**
 * Times that something is sent again to a peer that never answered: its address may be forged, and what it did not ask
 * for is a nuisance to its owner. A client that lives asks again, and gets an answer to each request.
 */
const TRIES_UNANSWERED = 2
/** A request that follows another sooner than any client repeats itself was doubled by the network. */
const DOUBLED_MS = 200
const LEAST_TRIES = 4

/**
 * The sender's side of one transfer, RFC 1350 and RFC 7440, without socket, clock or file: tell it which
 * acknowledgements come and what time it is, ask it what to send.
 *
 * Blocks are counted without rolling over: block 0 is the OACK, block 1 the first of the file, and the wire carries the
 * lowest 16 bits.
 */
export class TransferSession {
  readonly #options: SessionOptions
  /** Number of the last block, which is shorter than the others and may be empty. */
  readonly blocks: number
  /** Blocks that were sent more than once, counted each time. */
  retransmissions = 0
  /** The last block that the client confirmed; -1 while the OACK is not. */
  #confirmed: number
  /** The block to send next. */
  #next: number
  /** The highest block that was ever sent. */
  #highest: number
  #answered = false
  #tries = 0
  #gaveUp = false
  #deadline: number
  /** When a block was sent last. */
  #sentAt = Number.NEGATIVE_INFINITY
  #progressAt: number
  /** One block on the way whose journey is being measured. */
  #timed: { readonly block: number; readonly at: number } | undefined
  /** Milliseconds to the client and back, smoothed. */
  #roundTrip: number | undefined

  constructor(options: SessionOptions) {
    this.#options = options
    this.blocks = Math.floor(options.size / options.blockSize) + 1
    this.#confirmed = options.optionAck ? -1 : 0
    this.#highest = this.#confirmed
    this.#next = this.#confirmed + 1
    this.#progressAt = options.now
    this.#deadline = options.now + this.#wait()
  }

  get state(): 'running' | 'complete' | 'gave-up' {
    if (this.#confirmed === this.blocks) return 'complete'
    return this.#gaveUp ? 'gave-up' : 'running'
  }
  /** Whether the client confirmed anything yet. */
  get answered(): boolean {
    return this.#answered
  }
  /** Blocks of the file that the client confirmed. */
  get confirmedBlocks(): number {
    return Math.max(0, this.#confirmed)
  }
  /** When something was confirmed last, or the transfer began. */
  get progressAt(): number {
    return this.#progressAt
  }
  /** When `tick()` has something to do, unless an acknowledgement comes before. */
  get deadline(): number {
    return this.#deadline
  }

  /** The next block to send now; undefined while there is nothing to do but wait. */
  nextBlock(now: number): number | undefined {
    const { windowSize } = this.#options
    const last = this.#confirmed < 0 ? 0 : Math.min(this.#confirmed + windowSize, this.blocks)
    if (this.state !== 'running' || this.#next > last) return undefined
    const block = this.#next
    this.#next += 1
    this.#sentAt = now
    if (block <= this.#highest) this.retransmissions += 1
    else {
      this.#highest = block
      this.#timed ??= { block, at: now }
    }
    return block
  }

  /**
   * Takes an ACK with these 16 bits. What was confirmed before, or never sent, changes nothing.
   *
   * A repeated ACK is no reason to send a block again (RFC 1123 §4.2.3.1: else every block goes twice from then on).
   * Only in a window of several blocks does it say that the first of them was lost; even then it may be a mere double,
   * so what it brings about is a shorter wait.
   */
  acknowledge(wireBlock: number, now: number): void {
    const ahead = (wireBlock - this.#confirmed) & 0xffff
    if (ahead === 0 && this.#options.windowSize > 1 && this.#highest > this.#confirmed) this.#hurry(now)
    if (ahead === 0 || ahead > this.#highest - this.#confirmed) return
    this.#confirmed += ahead
    this.#measure(now)
    this.#next = this.#confirmed + 1 // part of a window confirmed: what follows was lost, RFC 7440 §4
    this.#answered = true
    this.#tries = 0
    this.#progressAt = now
    this.#deadline = now + this.#wait()
  }

  /** The request came again: as long as the client confirmed nothing, the answer to it may have been lost. */
  repeat(now: number): void {
    if (this.#answered || this.#gaveUp || now - this.#sentAt < DOUBLED_MS) return
    this.#next = this.#confirmed + 1
    this.#timed = undefined
  }

  /** Looks at the clock: what was not confirmed in time is due again, or the client is given up. */
  tick(now: number): void {
    if (now < this.#deadline || this.state !== 'running') return
    this.#tries += 1
    const patience = Math.max(GIVE_UP_MS, 3 * (this.#options.timeoutMs ?? 0))
    this.#gaveUp = this.#answered
      ? this.#tries > LEAST_TRIES && now - this.#progressAt >= patience
      : this.#tries > TRIES_UNANSWERED
    this.#next = this.#confirmed + 1
    this.#timed = undefined // an answer now may be one to the first sending: it measures nothing
    this.#deadline = now + this.#wait()
  }

  #hurry(now: number): void {
    if (this.#tries > 0) return // once: what was sent again may be on its way
    this.#deadline = Math.min(this.#deadline, now + Math.max(10, 2 * (this.#roundTrip ?? 0)))
  }

  #measure(now: number): void {
    if (this.#timed === undefined || this.#timed.block > this.#confirmed) return
    const sample = now - this.#timed.at
    this.#roundTrip = this.#roundTrip === undefined ? sample : 0.875 * this.#roundTrip + 0.125 * sample
    this.#timed = undefined
  }

  /**
   * Milliseconds to wait for a confirmation: by the measured round trip, doubled with every try, up to what was agreed.
   * The time-out of RFC 2349 has whole seconds, curl always asks for six: on a network that loses, that is for ever.
   */
  #wait(): number {
    const longest = Math.min(LONGEST_WAIT_MS, this.#options.timeoutMs ?? LONGEST_WAIT_MS)
    const first = this.#roundTrip === undefined ? FIRST_WAIT_MS : Math.max(SHORTEST_WAIT_MS, 4 * this.#roundTrip)
    return Math.min(longest, first * 2 ** this.#tries)
  }
}
