import type { SyslogMessage } from './packet.ts'

/** Lines that one sender may have in one second, and at once. */
const LINES_PER_SECOND = 200
const BURST = 2000
/** Senders that are remembered; the one that was silent for longest is forgotten. */
const MOST_SENDERS = 4096

interface Sender {
  /** What it may still send, refilled with time. */
  credit: number
  at: number
  /** Left out since the last line that was taken. */
  dropped: number
}

/** A line that was taken. */
export interface SyslogLine extends SyslogMessage {
  /** Lines of this sender that were left out before it. */
  readonly dropped: number
}

/** Keeps one sender from filling the log of all, and all of them from filling memory. No sockets, no clock of its own. */
export class SyslogSession {
  readonly #senders = new Map<string, Sender>()

  /**
   * Takes a message, or counts it.
   *
   * @param now in milliseconds, of any clock that does not run back
   * @returns undefined where the sender has sent too much
   */
  take(address: string, message: SyslogMessage, now: number): SyslogLine | undefined {
    const sender = this.#senderOf(address, now)
    if (sender.credit < 1) {
      sender.dropped += 1
      return undefined
    }
    sender.credit -= 1
    const { dropped } = sender
    sender.dropped = 0
    return { ...message, dropped }
  }

  #senderOf(address: string, now: number): Sender {
    const known = this.#senders.get(address) ?? { credit: BURST, at: now, dropped: 0 }
    known.credit = Math.min(BURST, known.credit + ((now - known.at) / 1000) * LINES_PER_SECOND)
    known.at = now
    this.#senders.delete(address) // those heard last stand last
    this.#senders.set(address, known)
    const [oldest] = this.#senders.keys()
    if (this.#senders.size > MOST_SENDERS && oldest !== undefined) this.#senders.delete(oldest)
    return known
  }
}
