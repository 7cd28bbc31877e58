import type { NodeId } from '../file-tree.ts'
import { OpenNode } from './open-node.ts'

/** New files kept open for whoever wrote their first byte: at most so many, */
const MOST_NEW = 64
/** and no longer than this, milliseconds. */
const NEW_MS = 5000

/** The regular files of a tree that are open. */
export class OpenNodes {
  readonly #open = new Map<NodeId, OpenNode>()
  /** Oldest first. */
  readonly #fresh = new Set<OpenNode>()
  #timer: NodeJS.Timeout | undefined

  get(node: NodeId): OpenNode | undefined {
    return this.#open.get(node)
  }
  /** Has a file open, until `release`. */
  hold(node: NodeId, open: () => OpenNode): OpenNode {
    const file = this.#open.get(node) ?? open()
    this.#open.set(node, file)
    file.holders += 1
    return file
  }
  release(file: OpenNode): void {
    file.holders -= 1
    if (file.holders > 0) return
    if (this.#open.get(file.node) === file) this.#open.delete(file.node)
    void file.close().catch(() => undefined) // what matters was committed: COMMIT told its error
  }
  /**
   * Has a new file open for a moment. It may be written next, and perhaps could not be opened again: an ordinary user
   * writes what he made read-only.
   */
  holdNew(file: OpenNode): void {
    this.#fresh.add(this.hold(file.node, () => file))
    const [oldest] = this.#fresh
    if (this.#fresh.size > MOST_NEW && oldest !== undefined) this.#drop(oldest)
    this.#timer?.refresh()
    this.#timer ??= setTimeout(() => this.dropNew(), NEW_MS).unref()
  }
  /** Nobody writes new files any more. */
  dropNew(): void {
    for (const file of this.#fresh) this.#drop(file)
  }
  /** A new file that lost its name need not stay open for anybody. */
  forgetNew(node: NodeId): void {
    const file = this.#open.get(node)
    if (file !== undefined && this.#fresh.has(file)) this.#drop(file)
  }
  close(): void {
    clearTimeout(this.#timer)
    this.dropNew()
  }

  #drop(file: OpenNode): void {
    this.#fresh.delete(file)
    this.release(file)
  }
}
