import { fstatSync, statfsSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import type { Awaitable, Region } from '../byte-source.ts'
import { TreeError, type WritableFile } from '../writable-tree.ts'
import { asTreeError } from './errors.ts'
import type { Nodes } from './nodes.ts'
import type { OpenNode } from './open-node.ts'

/** Bytes: ext4 takes 0.2 ms to give as many, 2 ms to take them away. */
const RESERVED_AT_ONCE = 128 * 1024 * 1024

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
  async write(bytes: Uint8Array, position: number): Promise<void> {
    const { node } = this.#open
    const writing = guarded(() => this.#open.write(bytes, position))
    this.#nodes.changed(node)
    await writing
    this.#nodes.changed(node)
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
  /** In slices, so that nobody waits for terabytes; what cannot fit is refused before the disk is full of it. */
  async reserve(how: 'allocate' | 'punch', position: number, length: number): Promise<void> {
    const { calls } = this.#nodes
    if (calls === undefined) throw new TreeError('ENOTSUP', 'Cannot reserve room: the C library cannot be called')
    const { node } = this.#open
    const { fd } = this.#open.writing
    if (how === 'allocate') checkRoom(fd, length)
    const end = how === 'punch' ? Math.min(position + length, this.size) : position + length
    try {
      for (let at = position; at < end; at += RESERVED_AT_ONCE) {
        if (at > position) await setImmediate()
        guarded(() => calls.fallocate(fd, how, at, Math.min(RESERVED_AT_ONCE, end - at)))
      }
    } finally {
      this.#nodes.changed(node)
    }
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

/** @throws {TreeError} ENOSPC if a file cannot have that many bytes, with those that it has */
function checkRoom(fd: number, length: number): void {
  const { bavail, bsize } = statfsSync(`/proc/self/fd/${fd}`)
  if (length <= bavail * bsize + fstatSync(fd).blocks * 512) return
  throw new TreeError('ENOSPC', `Cannot reserve ${length} bytes: ${bavail * bsize} are free`)
}
