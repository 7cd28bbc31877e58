import { endianness } from 'node:os'
import type { Libc } from './libc.ts'

const EPOLL_CLOEXEC = 0o2000000
const EPOLL_CTL_ADD = 1
const EPOLL_CTL_DEL = 2
const EPOLLIN = 1
/** `struct epoll_event` is packed on x86-64, and only there. */
const [EVENT_BYTES, DATA_OFFSET] = process.arch === 'x64' ? [12, 4] : [16, 8]
const MOST_EVENTS = 256
const LITTLE = endianness() === 'LE'

/** Waits for many descriptors at once, epoll(7). It holds up its thread. */
export class Poller implements Disposable {
  readonly #libc: Libc
  readonly #epoll: number
  readonly #events = Buffer.alloc(EVENT_BYTES * MOST_EVENTS)
  readonly #view = new DataView(this.#events.buffer, this.#events.byteOffset, this.#events.byteLength)

  /** @throws the system's error */
  constructor(libc: Libc) {
    this.#libc = libc
    this.#epoll = libc.call('epoll_create1', libc.epoll_create1(EPOLL_CLOEXEC))
  }

  /** Waits for this descriptor too. @throws the system's error */
  add(fd: number): void {
    const event = Buffer.alloc(EVENT_BYTES)
    const view = new DataView(event.buffer, event.byteOffset, EVENT_BYTES)
    view.setUint32(0, EPOLLIN, LITTLE)
    view.setInt32(DATA_OFFSET, fd, LITTLE)
    this.#libc.call('epoll_ctl', this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_ADD, fd, event))
  }
  remove(fd: number): void {
    this.#libc.epoll_ctl(this.#epoll, EPOLL_CTL_DEL, fd, this.#events)
  }
  /** Waits until something came, at most so long; how many descriptors are ready, for `ready()` to name. */
  wait(milliseconds: number): number {
    return Math.max(0, this.#libc.epoll_wait(this.#epoll, this.#events, MOST_EVENTS, milliseconds)) // EINTR: nothing came
  }
  /** One of the descriptors that the last `wait()` found. */
  ready(index: number): number {
    return this.#view.getInt32(index * EVENT_BYTES + DATA_OFFSET, LITTLE)
  }
  [Symbol.dispose](): void {
    this.#libc.close(this.#epoll)
  }
}
