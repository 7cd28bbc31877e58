import { closeSync } from 'node:fs'
import type { NodeId } from '../file-tree.ts'

/** Directories held open at once, by all trees together: a server has one for each of its clients. */
const MOST = 1024

interface Held {
  readonly fds: DirectoryFds
  readonly node: NodeId
  readonly fd: number
}

/** Least recently used first. */
const held = new Set<Held>()

/** Descriptors of the directories of one tree that were used last. */
export class DirectoryFds {
  readonly #held = new Map<NodeId, Held>()

  get(node: NodeId): number | undefined {
    const found = this.#held.get(node)
    if (found === undefined) return undefined
    held.delete(found)
    held.add(found)
    return found.fd
  }
  /** Keeps a descriptor, and closes the one not used for longest if there are too many. Returns it. */
  add(node: NodeId, fd: number): number {
    this.delete(node)
    const kept = { fds: this, node, fd }
    this.#held.set(node, kept)
    held.add(kept)
    const [oldest] = held
    if (held.size > MOST && oldest !== undefined) oldest.fds.delete(oldest.node)
    return fd
  }
  delete(node: NodeId): void {
    const found = this.#held.get(node)
    if (found === undefined) return
    this.#held.delete(node)
    held.delete(found)
    closeSync(found.fd)
  }
  clear(): void {
    for (const node of this.#held.keys()) this.delete(node)
  }
}
