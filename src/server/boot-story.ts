import type { BootLogs } from '../fleet/boot-logs.ts'
import type { Boots } from '../fleet/boots.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { newBootId } from '../fleet/boot-id.ts'
import type { BootEvent } from '../fleet/events.ts'
import type { Machine, Speaker } from '../fleet/machine.ts'
import { refusesIpxe } from '../fleet/loader-fate.ts'
import { belongingOf } from '../fleet/new-boot.ts'
import { type PastDrivers, pastDriversOf } from '../fleet/fit.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { Logger } from '../sys/log.ts'

/** Of boots that could not be written; the oldest go first. */
const MOST_UNWRITTEN = 1000
const TELL_EVERY_MS = 60_000
/** Drivers that failed are tried again after so many boots. */
const BOOTS_LOOKED_AT = 8
/** Firmware that finds nothing that it may start begins again and again. */
const BOOTS_OF_LOADER = 4

/**
 * Writes what happens into the boots, and never stands in the way of one: where the database cannot be written (its
 * disk is full, say) the story loses events, the machine boots on. Nothing here throws.
 */
export class BootStory {
  readonly #boots: Boots
  readonly #nameOf: (mac: Mac) => string
  readonly #log: Logger
  readonly #logs: BootLogs | undefined
  /** Boots that began while they could not be written, by id: their machines still ask for their files. */
  readonly #unwritten = new Map<string, Boot>()
  /** What was chosen in these. */
  readonly #chosen = new Map<string, string>()
  /** Reads and writes that failed since the server began. */
  #lost = 0
  #toldAt = -Infinity

  /** @param logs what machines say of their boots beside events; without them it is not kept */
  constructor(boots: Boots, nameOf: (mac: Mac) => string, log: Logger, logs?: BootLogs) {
    this.#boots = boots
    this.#logs = logs
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

  /** A boot of which this server knows nothing goes on, under the id that its machine says. */
  beginAgain(id: string, machine: Machine, at: number): Boot | undefined {
    return this.#try(() => this.#boots.begin(machine, at, this.#nameOf(machine.mac), id))
  }

  /** Does something else with the database that must not stand in the way of a boot. */
  attempt(work: () => void): void {
    this.#try(work)
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

  /** The events of a boot; none where they cannot be read. */
  events(id: string): readonly BootEvent[] {
    return this.#try(() => this.#boots.events(id).map(({ event }) => event)) ?? []
  }
  /** Notes what was chosen in the menu of a boot, once. */
  choose(id: string, profile: string, at: number): void {
    if (this.chosen(id) === profile) return
    this.record(id, { type: 'boot.chosen', at, profile })
    if (this.#unwritten.has(id)) this.#chosen.set(id, profile)
  }
  /** The profile that was chosen last in a boot; undefined where there was nothing to choose. */
  chosen(id: string): string | undefined {
    const told = this.events(id).findLast((event) => event.type === 'boot.chosen')
    return told?.profile ?? this.#chosen.get(id)
  }
  /** Does a machine start no iPXE, by what its latest boots tell? */
  refusesIpxe(mac: Mac): boolean {
    const boots = this.#try(() => this.#boots.ofMachine(mac, BOOTS_OF_LOADER)) ?? []
    return refusesIpxe(boots.map(({ id }) => this.events(id)))
  }
  /** What became of the drivers that the machine's boots before this one were sent, the newest first. */
  pastDrivers({ id, machine }: Boot): readonly PastDrivers[] {
    const boots = this.#try(() => this.#boots.ofMachine(machine.mac, BOOTS_LOOKED_AT)) ?? []
    return boots.filter((boot) => boot.id !== id).flatMap((boot) => pastDriversOf(this.events(boot.id)) ?? [])
  }

  /** Adds an event to a boot. One of a boot that nobody knows is nothing. */
  record(id: string, event: BootEvent): void {
    this.#try(() => this.#boots.record(id, event))
  }
  /** Keeps a log that a machine sent of its boot. */
  keepLog(id: string, body: Uint8Array, at: number): void {
    this.#try(() => this.#logs?.add(id, body, at))
    this.record(id, { type: 'boot.log', at, source: 'http', bytes: body.byteLength })
  }
  /** Keeps lines that a machine sent by syslog; the story says so once. */
  keepLines(id: string, lines: readonly string[], at: number): void {
    this.#try(() => this.#logs?.addLines(id, lines, at))
    if (this.events(id).some((event) => event.type === 'boot.log' && event.source === 'syslog')) return
    this.record(id, { type: 'boot.log', at, source: 'syslog', bytes: lines.join('\n').length })
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
    if (this.#unwritten.size > MOST_UNWRITTEN && oldest !== undefined) {
      this.#unwritten.delete(oldest)
      this.#chosen.delete(oldest)
    }
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
