import { fstatSync } from 'node:fs'
import type { Awaitable } from '../byte-source.ts'
import { type Region, TreeError, type WritableFile } from '../writable-tree.ts'
import { asTreeError } from './errors.ts'
import type { Nodes } from './nodes.ts'
import type { OpenNode } from './open-node.ts'

/** One opening of a regular file. */
export class LiveFile implements WritableFile {
  readonly #nodes: Nodes
  #file: OpenNode | undefined

  /** @param file held for this opening */
  constructor(nodes: Nodes, file: OpenNode) {
    this.#nodes = nodes
    this.#file = file
  }

  get size(): number {
    return fstatSync(this.#open.fd).size
  }
  read(target: Uint8Array, position: number): Awaitable<number> {
    return guarded(() => this.#open.reading.read(target, position))
  }
  write(bytes: Uint8Array, position: number): Awaitable<void> {
    const { node } = this.#open
    const writing = guarded(() => this.#open.write(bytes, position))
    this.#nodes.changed(node)
    return writing instanceof Promise ? writing.then(() => this.#nodes.changed(node)) : undefined
  }
  async commit(): Promise<void> {
    await guarded(() => this.#open.commit())
  }
  seek(position: number, region: Region): number | undefined {
    const { size } = this
    if (position >= size) return undefined
    const { calls } = this.#nodes
    if (calls === undefined) return region === 'data' ? position : size // all of it is data
    return guarded(() => calls.seek(this.#open.reading.fd, position, region))
  }
  reserve(how: 'allocate' | 'punch', position: number, length: number): void {
    const { calls } = this.#nodes
    if (calls === undefined) throw new TreeError('ENOTSUP', 'Cannot reserve room: the C library cannot be called')
    guarded(() => calls.fallocate(this.#open.writing.fd, how, position, length))
    this.#nodes.changed(this.#open.node)
  }
  /** Calling it twice is fine. */
  async close(): Promise<void> {
    if (this.#file !== undefined) this.#nodes.open.release(this.#file)
    this.#file = undefined
  }

  get #open(): OpenNode {
    if (this.#file === undefined) throw new Error('Cannot use a file that was closed')
    return this.#file
  }
}

/** @throws {TreeError} where the system has a word for what went wrong, at once or later */
function guarded<T>(call: () => T): T {
  try {
    const result = call()
    return result instanceof Promise ? (result.catch(rethrow) as T) : result
  } catch (error) {
    return rethrow(error)
  }
}

function rethrow(error: unknown): never {
  throw asTreeError(error)
}
