/** Whether a machine may fetch now. */
export type Turn =
  | { readonly admitted: true }
  | {
      readonly admitted: false
      /** 1 is next. */
      readonly place: number
      /** Machines that wait, this one among them. */
      readonly waiting: number
      /** When to ask again. */
      readonly retrySeconds: number
    }

export interface AdmissionOptions {
  /** Machines that fetch at the same time. */
  readonly atOnce: number
}

/** Milliseconds after which a machine that was admitted, and of which nothing more was heard, is taken for gone. */
const HOLD_MS = 90_000
/** A machine that waits, and has not asked for this many of its retries, is taken for gone. */
const MISSED_RETRIES = 4
const SHORTEST_RETRY_SECONDS = 2
const LONGEST_RETRY_SECONDS = 15
/** What a fetch is taken to last as long as none has ended. */
const FIRST_FETCH_MS = 10_000

interface Waiting {
  /** When it is given up unless it asks again. */
  readonly until: number
}

/**
 * Who fetches kernel and initramfs now, and who waits: when a whole building powers on, each machine gets a useful part
 * of the network, the first first, instead of all getting so little that firmware gives up. Loaders and scripts are
 * small and are never kept waiting: they are what tells a machine its place.
 *
 * Every `now` is milliseconds of a clock that only goes forward.
 */
export class Admission {
  readonly #atOnce: number
  /** When each machine that fetches was admitted. */
  readonly #fetching = new Map<string, { readonly since: number; until: number }>()
  /** In the order of their first asking. */
  readonly #waiting = new Map<string, Waiting>()
  #meanFetchMs = FIRST_FETCH_MS

  constructor({ atOnce }: AdmissionOptions) {
    this.#atOnce = atOnce
  }

  get fetching(): number {
    return this.#fetching.size
  }
  get waiting(): number {
    return this.#waiting.size
  }

  /** A machine asks. One that was admitted before, and asks again because something failed, still is. */
  ask(machine: string, now: number): Turn {
    this.#forget(now)
    const free = this.#atOnce - this.#fetching.size
    const place = this.#placeOf(machine)
    if (this.#fetching.has(machine) || place <= free) {
      this.#waiting.delete(machine)
      this.#fetching.set(machine, { since: now, until: now + HOLD_MS })
      return { admitted: true }
    }
    const retrySeconds = this.#retrySeconds(place - Math.max(0, free))
    this.#waiting.set(machine, { until: now + MISSED_RETRIES * retrySeconds * 1000 })
    return { admitted: false, place: place - Math.max(0, free), waiting: this.#waiting.size, retrySeconds }
  }
  /** A machine that fetches still does. */
  heard(machine: string, now: number): void {
    const fetch = this.#fetching.get(machine)
    if (fetch !== undefined) fetch.until = now + HOLD_MS
  }
  /** A machine has all it came for. */
  done(machine: string, now: number): void {
    const fetch = this.#fetching.get(machine)
    if (fetch === undefined) return
    this.#fetching.delete(machine)
    this.#meanFetchMs = 0.9 * this.#meanFetchMs + 0.1 * (now - fetch.since)
  }

  /** Its place in the queue, 1 first, were all places taken; behind all others if it asks for the first time. */
  #placeOf(machine: string): number {
    let place = 1
    for (const other of this.#waiting.keys()) {
      if (other === machine) return place
      place += 1
    }
    return place
  }
  /** As long as it takes until about this place is served; some jitter is in the network already. */
  #retrySeconds(place: number): number {
    const seconds = Math.ceil((place * this.#meanFetchMs) / this.#atOnce / 1000)
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(SHORTEST_RETRY_SECONDS, seconds))
  }
  #forget(now: number): void {
    for (const [machine, { until }] of this.#fetching) if (until <= now) this.#fetching.delete(machine)
    for (const [machine, { until }] of this.#waiting) if (until <= now) this.#waiting.delete(machine)
  }
}

/** What the screen of a machine that waits says. */
export function turnWords({ place, waiting }: Extract<Turn, { admitted: false }>): string {
  return `place ${place} of ${waiting} in the queue for kernel and initramfs`
}
