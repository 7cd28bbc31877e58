import type { Boot, BootsReader, StoredEvent } from '../fleet/boots-reader.ts'
import { storyRow } from '../fleet/story.ts'
import { timelineLine } from '../fleet/timeline.ts'
import { machineName } from './boots-database.ts'
import { paint } from './terminal.ts'

/** Shows the events of all boots as they come, a line each: for people in columns, or as JSON. */
export class EventLines {
  readonly #boots: BootsReader
  readonly #json: boolean
  /** Of the last event of each boot. */
  readonly #previousAt = new Map<string, number>()

  constructor(boots: BootsReader, json: boolean) {
    this.#boots = boots
    this.#json = json
  }

  /** The line of one event, with its newline; '' for one of a boot that was forgotten meanwhile. */
  line(stored: StoredEvent): string {
    const boot = this.#boots.get(stored.boot)
    if (boot === undefined) return ''
    const previousAt = this.#previousAt.get(boot.id)
    this.#previousAt.set(boot.id, stored.event.at)
    return `${this.#json ? jsonLine(boot, stored) : eventLine(boot, stored, previousAt)}\n`
  }
}

function jsonLine(boot: Boot, { sequence, event }: StoredEvent): string {
  return JSON.stringify({ sequence, boot: boot.id, mac: boot.machine.mac, name: boot.name, event })
}

function eventLine(boot: Boot, { event }: StoredEvent, previousAt: number | undefined): string {
  const row = storyRow(event, boot.beganAt, previousAt ?? event.at)
  return `${boot.id} ${machineName(boot).padEnd(17)} ${paint(row.tone, timelineLine(row))}`
}
