import { closeSync } from 'node:fs'
import type { NodeId } from '../file-tree.ts'

/** Directories held open at once. */
const MOST = 256

/** Descriptors of the directories used last. */
export class DirectoryFds {
  /** Least recently used first. */
  readonly #fds = new Map<NodeId, number>()

  get(node: NodeId): number | undefined {
    const fd = this.#fds.get(node)
    if (fd === undefined) return undefined
    this.#fds.delete(node)
    this.#fds.set(node, fd)
    return fd
  }
  /** Keeps a descriptor, and closes the one not used for longest if there are too many. Returns it. */
  add(node: NodeId, fd: number): number {
    this.delete(node)
    this.#fds.set(node, fd)
    const [oldest] = this.#fds.keys()
    if (this.#fds.size > MOST && oldest !== undefined) this.delete(oldest)
    return fd
  }
  delete(node: NodeId): void {
    const fd = this.#fds.get(node)
    if (fd === undefined) return
    this.#fds.delete(node)
    closeSync(fd)
  }
  clear(): void {
    for (const node of this.#fds.keys()) this.delete(node)
  }
}
