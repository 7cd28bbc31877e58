import type { Libc } from './libc.ts'
import { Poller } from './poller.ts'

/** Milliseconds after which everything else that the process serves gets its turn. */
const TURN_MS = 2

/**
 * Takes what waits on the sockets of many running transfers past the event loop, which takes three times as long for
 * each datagram. It begins when the event loop brought one, and ends when no more are there.
 *
 * To wait here for the answer of a single client, for less time than a round of the event loop takes, was tried: it
 * costs more of the processor than it saves wherever the answer does not come at once.
 */
export class UdpRush {
  readonly #poller: Poller
  readonly #sockets = new Map<number, () => void>()
  /** Those that the poller knows: a single one is the event loop's alone, and costs nothing here. */
  readonly #polled = new Set<number>()
  #isDone = false

  /** @throws the system's error */
  constructor(libc: Libc) {
    this.#poller = new Poller(libc)
  }

  /** Calls `receive` when something came on a socket. */
  add(fd: number, receive: () => void): void {
    this.#sockets.set(fd, receive)
    if (this.#sockets.size === 2) for (const each of this.#sockets.keys()) this.#poll(each)
    else if (this.#sockets.size > 2) this.#poll(fd)
  }
  remove(fd: number): void {
    this.#sockets.delete(fd)
    if (this.#polled.delete(fd)) this.#poller.remove(fd)
  }

  /** Takes what is there, once in a turn of the event loop. */
  run(): void {
    if (this.#isDone || this.#sockets.size < 2) return
    this.#isDone = true
    setImmediate(() => {
      this.#isDone = false
    })
    const until = performance.now() + TURN_MS
    while (this.#take() && performance.now() < until);
  }

  #poll(fd: number): void {
    if (this.#polled.has(fd)) return
    try {
      this.#poller.add(fd)
      this.#polled.add(fd)
    } catch {
      // no more can be waited for here: the event loop brings what comes on this one
    }
  }
  #take(): boolean {
    const count = this.#poller.wait(0)
    for (let index = 0; index < count; index += 1) this.#sockets.get(this.#poller.ready(index))?.() // or it has gone
    return count > 0
  }
}
