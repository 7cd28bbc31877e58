import type { Awaitable, ByteSource, FilePlace, Region } from '../byte-source.ts'
import type { NodeId } from '../file-tree.ts'
import { TreeError, type WritableFile } from '../writable-tree.ts'

/** What an open file needs of its overlay. */
export interface OverlayOpener {
  /** Whether the node was copied up. */
  hasUpper(node: NodeId): boolean
  /** The upper file, if the node was copied up. */
  openUpper(node: NodeId): Awaitable<WritableFile> | undefined
  /** The upper file, which is made first if there is none. */
  openCopy(node: NodeId): Promise<WritableFile>
}

/** A file of the release that is open: it becomes the copy when somebody writes, through whichever opening. */
export class OverlayFile implements WritableFile {
  readonly #opener: OverlayOpener
  readonly #node: NodeId
  readonly #lower: ByteSource
  #upper: WritableFile | undefined

  constructor(opener: OverlayOpener, node: NodeId, lower: ByteSource) {
    this.#opener = opener
    this.#node = node
    this.#lower = lower
  }

  get size(): number {
    return (this.#upper ?? this.#lower).size
  }
  read(target: Uint8Array, position: number): Awaitable<number> {
    if (this.#upper !== undefined) return this.#upper.read(target, position)
    const upper = this.#opener.openUpper(this.#node)
    if (upper === undefined) return this.#lower.read(target, position)
    return this.#readUpper(upper, target, position)
  }
  /** Of what nobody has written to: that stays as it is in the release, whatever is written later. */
  get place(): FilePlace | undefined {
    if (this.#upper !== undefined || this.#opener.hasUpper(this.#node)) return undefined
    return this.#lower.place
  }
  async write(bytes: Uint8Array, position: number): Promise<void> {
    await (await this.#copy()).write(bytes, position)
  }
  async commit(): Promise<void> {
    const upper = this.#upper ?? (await this.#opener.openUpper(this.#node))
    if (upper === undefined) return // nobody has written
    this.#keep(upper)
    await upper.commit()
  }
  async seek(position: number, region: Region): Promise<number | undefined> {
    const upper = this.#upper ?? (await this.#opener.openUpper(this.#node))
    if (upper !== undefined) return this.#keep(upper).seek(position, region)
    if (position >= this.#lower.size) return undefined
    return this.#lower.seek === undefined
      ? region === 'data'
        ? position
        : this.#lower.size
      : this.#lower.seek(position, region)
  }
  async reserve(how: 'allocate' | 'punch', position: number, length: number): Promise<void> {
    await (await this.#copy()).reserve(how, position, length)
  }
  async close(): Promise<void> {
    await Promise.all([this.#lower.close(), this.#upper?.close()])
  }

  async #readUpper(opening: Awaitable<WritableFile>, target: Uint8Array, position: number): Promise<number> {
    return this.#keep(await opening).read(target, position)
  }
  async #copy(): Promise<WritableFile> {
    return this.#upper ?? this.#keep(await this.#opener.openCopy(this.#node))
  }
  /** Two may have opened it at once: one is enough. */
  #keep(upper: WritableFile): WritableFile {
    if (this.#upper === undefined) this.#upper = upper
    else if (this.#upper !== upper) void upper.close()
    return this.#upper
  }
}

/** @throws {TreeError} as opening something that is no file does */
export function refuseOpen(type: string): never {
  throw new TreeError(type === 'directory' ? 'EISDIR' : 'EINVAL', `It is a ${type}, want a regular file`)
}
