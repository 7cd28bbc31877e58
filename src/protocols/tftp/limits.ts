/** What a server grants. */
export interface LimitOptions {
  /** Transfers at one time, each with a socket, a file and a piece of it. */
  readonly maxTransfers: number
  /** Transfers at one time to one address; behind a router many machines may share one. */
  readonly maxTransfersPerPeer: number
  /** Requests in a second that are answered at all. */
  readonly maxPerSecond: number
}

/**
 * Requests in a second that one address is answered: anybody can write an address that is not his into a datagram, and
 * an answer is longer than a request. So much, and no more, can be brought upon its owner.
 */
const PER_SECOND_AND_PEER = 200
/** Transfers to one address that were never confirmed. */
const UNCONFIRMED_PER_PEER = 200

/** Transfers to one address. */
interface PeerCount {
  running: number
  unconfirmed: number
}

/** Counts requests and transfers, so that nobody gets more than a fair part, and nothing grows without bound. */
export class Limits {
  readonly #options: LimitOptions
  readonly #peers = new Map<string, PeerCount>()
  #running = 0
  /** Requests of this second, by address. */
  readonly #requests = new Map<string, number>()
  #requestsOfAll = 0
  #second = 0

  constructor(options: LimitOptions) {
    this.#options = options
  }

  /**
   * Counts a request; false if it gets no answer, for the client asks again.
   *
   * @param now milliseconds of a clock that only goes forward
   */
  takes(address: string, now: number): boolean {
    const second = Math.floor(now / 1000)
    if (second !== this.#second) this.#begin(second)
    const before = this.#requests.get(address) ?? 0
    if (before >= PER_SECOND_AND_PEER || this.#requestsOfAll >= this.#options.maxPerSecond) return false
    this.#requests.set(address, before + 1)
    this.#requestsOfAll += 1
    return (this.#peers.get(address)?.unconfirmed ?? 0) < UNCONFIRMED_PER_PEER
  }
  /** What a client is told while there are too many transfers; undefined if there is room. */
  busyText(address: string): string | undefined {
    const { maxTransfers, maxTransfersPerPeer } = this.#options
    if (this.#running >= maxTransfers) return `Server busy: ${maxTransfers} transfers are running, try again later`
    if ((this.#peers.get(address)?.running ?? 0) < maxTransfersPerPeer) return undefined
    return `Server busy: ${maxTransfersPerPeer} transfers to ${address} are running, try again later`
  }
  began(address: string): void {
    const peer = this.#peers.get(address) ?? { running: 0, unconfirmed: 0 }
    this.#peers.set(address, { running: peer.running + 1, unconfirmed: peer.unconfirmed + 1 })
    this.#running += 1
  }
  confirmed(address: string): void {
    const peer = this.#peers.get(address)
    if (peer !== undefined) peer.unconfirmed -= 1
  }
  ended(address: string): void {
    const peer = this.#peers.get(address)
    this.#running -= 1
    if (peer === undefined) return
    peer.running -= 1
    if (peer.running === 0) this.#peers.delete(address)
  }

  #begin(second: number): void {
    this.#second = second
    this.#requests.clear()
    this.#requestsOfAll = 0
  }
}
