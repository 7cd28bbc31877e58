import { type NodeId, StaleNodeError } from '../file-tree.ts'
import { lookThrough } from './look-through.ts'
import { type Found, type Resolver, isGone } from './resolver.ts'

/** After a search the next one waits at least so long, and this many times as long as it took: handles may be made up. */
const PAUSE_MS = 1000
const PAUSE_FACTOR = 10

/**
 * Looks through a whole directory for nodes that were never seen, which is what a handle of before a restart leads to,
 * or that others moved. It finds the places of everything by the way; all who wait share one search.
 */
export class Search {
  readonly #resolver: Resolver
  #running: Promise<void> | undefined
  #notBefore = -Infinity

  constructor(resolver: Resolver) {
    this.#resolver = resolver
  }

  /** The node has a place when this is done. @throws {StaleNodeError} if it is nowhere */
  async find(node: NodeId): Promise<void> {
    if (!Number.isSafeInteger(node) || node <= 0) throw new StaleNodeError(node)
    if (this.#running === undefined && performance.now() < this.#notBefore) throw new StaleNodeError(node)
    await (this.#running ??= this.#run())
    if (this.#resolver.places.get(node) === undefined) throw new StaleNodeError(node)
  }

  /** Looks at everything below the root, in short slices. What has gone meanwhile is left out. */
  async walk(visit: (found: Found) => void = () => undefined): Promise<void> {
    const queue: NodeId[] = [this.#resolver.root]
    for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
      await lookThrough(this.#resolver, directory, (_, found) => {
        if (found.stats.isDirectory()) queue.push(found.node)
        visit(found)
      }).catch((error: unknown) => {
        if (!isGone(error)) throw error
      })
    }
  }

  async #run(): Promise<void> {
    const began = performance.now()
    try {
      await this.walk()
    } finally {
      this.#running = undefined
      this.#notBefore = performance.now() + Math.max(PAUSE_MS, PAUSE_FACTOR * (performance.now() - began))
    }
  }
}
