import type { Awaitable, ByteSource } from '../../storage/byte-source.ts'
import type { FileTree, NodeId } from '../../storage/file-tree.ts'

interface OpenFile {
  readonly source: ByteSource
  readers: number
  usedAt: number
}

/**
 * The files of one tree that were read lately: NFSv3 has no OPEN, so a server that opened a file for each READ would do
 * little else. The least recently used is closed when there are too many.
 */
export class OpenFiles {
  readonly #tree: FileTree
  readonly #limit: number
  /** Least recently used first. */
  readonly #files = new Map<NodeId, OpenFile>()

  /** The node that was used last, and hence is last. */
  #last: NodeId | undefined
  #opening = 0

  constructor(tree: FileTree, limit = 128) {
    this.#tree = tree
    this.#limit = limit
  }

  /** True if no file is open or being opened. */
  get empty(): boolean {
    return this.#files.size === 0 && this.#opening === 0
  }

  /** The content of a file, open until `release()`. @throws {StaleNodeError} */
  acquire(node: NodeId): Awaitable<ByteSource> {
    const known = this.#files.get(node)
    if (known !== undefined) return this.#use(node, known)
    const source = this.#tree.open(node)
    return source instanceof Promise ? this.#wait(node, source) : this.#adopt(node, source)
  }

  /** The caller of `acquire()` has read. */
  release(node: NodeId): void {
    const file = this.#files.get(node)
    if (file === undefined) return
    file.readers -= 1
    this.#makeRoom()
  }

  /** A file has lost a name: it is not kept open for whoever might read it again. */
  forget(node: NodeId): void {
    const file = this.#files.get(node)
    if (file !== undefined) this.#close(node, file)
  }

  /** Closes what nobody has read since then (`performance.now()`). */
  closeIdle(before: number): void {
    for (const [node, file] of this.#files) if (file.usedAt <= before) this.#close(node, file)
  }

  async #wait(node: NodeId, source: Promise<ByteSource>): Promise<ByteSource> {
    this.#opening += 1
    try {
      return this.#adopt(node, await source)
    } finally {
      this.#opening -= 1
    }
  }

  #adopt(node: NodeId, source: ByteSource): ByteSource {
    const known = this.#files.get(node)
    if (known !== undefined) {
      void source.close() // two reads opened it at once
      return this.#use(node, known)
    }
    const file: OpenFile = { source, readers: 0, usedAt: 0 }
    this.#use(node, file)
    this.#makeRoom()
    return source
  }

  #use(node: NodeId, file: OpenFile): ByteSource {
    file.readers += 1
    file.usedAt = performance.now()
    if (node !== this.#last) {
      this.#files.delete(node)
      this.#files.set(node, file)
      this.#last = node
    }
    return file.source
  }

  #makeRoom(): void {
    if (this.#files.size <= this.#limit) return
    for (const [node, file] of this.#files) {
      if (this.#files.size <= this.#limit) return
      this.#close(node, file)
    }
  }

  #close(node: NodeId, file: OpenFile): void {
    if (file.readers > 0) return
    this.#files.delete(node)
    if (node === this.#last) this.#last = undefined
    void file.source.close().catch(() => undefined) // it was open for reading only: nothing is lost
  }
}
