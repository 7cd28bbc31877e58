import type { Boots } from '../fleet/boots.ts'
import type { StoredEvent } from '../fleet/boots-reader.ts'
import type { Ipv4 } from '../net/ipv4.ts'
import type { BootStory } from './boot-story.ts'

/** Counts what each machine reads of its root, and tells it once, when the machine is alive. */
export class NfsTraffic {
  readonly #story: BootStory
  readonly #read = new Map<Ipv4, { bytes: number; calls: number }>()

  constructor(boots: Boots, story: BootStory, signal: AbortSignal) {
    this.#story = story
    boots.subscribe((stored) => this.#tell(stored), signal)
  }

  /** One READ of so many bytes. */
  add(address: Ipv4, bytes: number): void {
    const sum = this.#read.get(address)
    if (sum === undefined) this.#read.set(address, { bytes, calls: 1 })
    else {
      sum.bytes += bytes
      sum.calls += 1
    }
  }

  #tell({ boot: id, event }: StoredEvent): void {
    const address = this.#story.get(id)?.address
    if (address === undefined) return
    if (event.type === 'nfs.mount') this.#read.delete(address) // a new run of the machine, or a new try
    const sum = this.#read.get(address)
    if (event.type !== 'report.alive' || sum === undefined) return
    this.#read.delete(address)
    queueMicrotask(() => this.#story.record(id, { type: 'nfs.traffic', at: event.at, ...sum })) // after the event it follows
  }
}
