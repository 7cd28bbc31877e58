import type { Boots } from '../fleet/boots.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { newBootId } from '../fleet/boot-id.ts'
import type { BootEvent } from '../fleet/events.ts'
import type { Machine, Speaker } from '../fleet/machine.ts'
import { belongingOf } from '../fleet/new-boot.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { Logger } from '../sys/log.ts'

/** Of boots that could not be written; the oldest go first. */
const MOST_UNWRITTEN = 1000
const TELL_EVERY_MS = 60_000

/**
 * Writes what happens into the boots, and never stands in the way of one: where the database cannot be written (its
 * disk is full, say) the story loses events, the machine boots on. Nothing here throws.
 */
export class BootStory {
  readonly #boots: Boots
  readonly #nameOf: (mac: Mac) => string
  readonly #log: Logger
  /** Boots that began while they could not be written, by id: their machines still ask for their files. */
  readonly #unwritten = new Map<string, Boot>()
  /** Reads and writes that failed since the server began. */
  #lost = 0
  #toldAt = -Infinity

  constructor(boots: Boots, nameOf: (mac: Mac) => string, log: Logger) {
    this.#boots = boots
    this.#nameOf = nameOf
    this.#log = log
  }

  /** The boot that a DHCP packet belongs to, a new one where the packet says so; undefined for a running system. */
  bootOfDhcp(machine: Machine, speaker: Speaker, at: number): Boot | undefined {
    const name = this.#nameOf(machine.mac)
    const written = this.#try(() => ({ boot: this.#boots.forDhcp(machine, speaker, at, name) }))
    if (written !== undefined) return written.boot
    const latest = this.current(machine.mac)
    const belonging = belongingOf(speaker, at, latest)
    return belonging === 'new' ? this.#beginUnwritten(machine, at) : belonging === 'latest' ? latest : undefined
  }

  /** The latest boot of a machine, or a new one for a machine that has none. */
  bootOf(machine: Machine, at: number): Boot {
    const known = this.current(machine.mac)
    if (known !== undefined) return known
    const begin = (): Boot => this.#boots.begin(machine, at, this.#nameOf(machine.mac))
    return this.#try(begin) ?? this.#beginUnwritten(machine, at)
  }

  get(id: string): Boot | undefined {
    return this.#try(() => this.#boots.get(id)) ?? this.#unwritten.get(id)
  }
  /** The latest boot of a machine. */
  current(mac: Mac): Boot | undefined {
    const written = this.#try(() => this.#boots.current(mac))
    const unwritten = [...this.#unwritten.values()].findLast((boot) => boot.machine.mac === mac)
    return unwritten !== undefined && unwritten.beganAt > (written?.beganAt ?? 0) ? unwritten : written
  }
  /** The boot that was given this address last. */
  ofAddress(address: Ipv4): Boot | undefined {
    return this.#try(() => this.#boots.currentByAddress(address))
  }

  /** Adds an event to a boot. One of a boot that nobody knows is nothing. */
  record(id: string, event: BootEvent): void {
    this.#try(() => this.#boots.record(id, event))
  }
  /** Notes in every boot that is going on that the server was started again. */
  recordRestart(at: number): void {
    this.#try(() => this.#boots.recordRestart(at))
  }

  #beginUnwritten(machine: Machine, at: number): Boot {
    const name = this.#nameOf(machine.mac)
    const boot: Boot = { id: newBootId(), machine, name, phase: 'firmware', beganAt: at, lastAt: at }
    this.#unwritten.set(boot.id, boot)
    const [oldest] = this.#unwritten.keys()
    if (this.#unwritten.size > MOST_UNWRITTEN && oldest !== undefined) this.#unwritten.delete(oldest)
    return boot
  }

  #try<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (error) {
      this.#tell(error)
      return undefined
    }
  }

  /** Not of each failure: they come in crowds. */
  #tell(error: unknown): void {
    this.#lost += 1
    if (performance.now() - this.#toldAt < TELL_EVERY_MS) return
    this.#toldAt = performance.now()
    this.#log.error('cannot keep the story of boots; machines boot on', { lost: this.#lost, error })
  }
}
