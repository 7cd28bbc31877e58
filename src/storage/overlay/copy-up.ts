import type { ByteString } from '../../wire/bytestring.ts'
import type { Awaitable } from '../byte-source.ts'
import { type Attributes, type NodeId, StaleNodeError } from '../file-tree.ts'
import { ORIGIN, isPrivate } from './format.ts'
import type { Layers } from './layers.ts'

const CHUNK_BYTES = 1024 * 1024
const ZEROS = Buffer.alloc(CHUNK_BYTES)

/** A name of the upper tree. */
export interface Name {
  readonly directory: NodeId
  readonly name: ByteString
}

/** How much of a file is copied: all, or none because it is cut to nothing next. */
export type Content = 'whole' | 'none'

/** Copies nodes of the release into the client's directory, before they are changed. Only one at a time, see `Mutex`. */
export class CopyUp {
  readonly #layers: Layers
  #count = 0

  constructor(layers: Layers) {
    this.#layers = layers
  }

  /** A name in the work directory that nobody has. */
  newName(): ByteString {
    this.#count += 1
    return `${process.pid}-${this.#count}`
  }

  /**
   * The upper node of a node, which is copied first if there is none. All names that a file has are copied with it, as
   * links of one file.
   *
   * @throws {StaleNodeError} and {@link TreeError}, such as ENOSPC: then nothing has changed
   */
  async node(node: NodeId, content: Content = 'whole'): Promise<NodeId> {
    const { upper, lower } = this.#layers.sides(node)
    if (upper !== undefined) return upper
    if (lower === undefined) throw new StaleNodeError(node)
    const names = this.#layers.visibleNames(lower)
    const [first, ...others] = names
    if (first === undefined) throw new StaleNodeError(node)
    const places = [{ directory: await this.node(first.directory), name: first.name }]
    for (const { directory, name } of others) places.push({ directory: await this.node(directory), name })
    return this.#copy(lower, places, content)
  }

  async #copy(lower: NodeId, places: readonly Name[], content: Content): Promise<NodeId> {
    const { upper, work } = this.#layers.parts
    const staged = this.newName()
    const made = await this.#stage(lower, staged, content).catch(async (error: unknown) => {
      await this.discard(staged)
      throw error
    })
    const [first, ...others] = places
    if (first === undefined) throw new StaleNodeError(lower)
    await this.#keepTimes(first.directory, () => upper.rename(work, staged, first.directory, first.name))
    this.#layers.join(lower, made)
    await this.#linkAll(made, others).catch(async (error: unknown) => {
      await upper.unlink(first.directory, first.name) // with half of its names it would be two files
      this.#layers.part(made)
      throw error
    })
    return made
  }

  /** All of them or none. */
  async #linkAll(made: NodeId, places: readonly Name[]): Promise<void> {
    const { upper } = this.#layers.parts
    const linked: Name[] = []
    try {
      for (const place of places) {
        await this.#keepTimes(place.directory, () => upper.link(made, place.directory, place.name))
        linked.push(place)
      }
    } catch (error) {
      for (const { directory, name } of linked) await upper.unlink(directory, name)
      throw error
    }
  }

  /** Gives the copies of files all their names: a server that was killed may have left some out. */
  async complete(): Promise<void> {
    for (const [lower, made] of this.#layers.copies()) {
      for (const { directory, name } of this.#layers.visibleNames(lower)) {
        const parent = await this.node(directory)
        if ((await this.#layers.parts.upper.lookup(parent, name)) === undefined)
          await this.#linkAll(made, [{ directory: parent, name }])
      }
    }
  }

  /** Nothing has changed in the directory that anybody should see. */
  async #keepTimes(directory: NodeId, change: () => Awaitable<void>): Promise<void> {
    const { upper } = this.#layers.parts
    const { modified, accessed } = await upper.attributes(directory)
    await change()
    await upper.setAttributes(directory, { modified, accessed })
  }

  /** Makes the copy in the work directory. */
  async #stage(lower: NodeId, name: ByteString, content: Content): Promise<NodeId> {
    const { lower: below, upper } = this.#layers.parts
    const attributes = await below.attributes(lower)
    const node = await this.#make(lower, name, attributes)
    if (attributes.type === 'file' && content === 'whole') await this.#copyContent(lower, node)
    for (const [key, value] of await below.extendedAttributes(lower)) {
      if (!isPrivate(key)) await upper.setXattr(node, key, value, 'either')
    }
    if (attributes.type !== 'directory') await this.#mark(lower, node, attributes)
    const { modified } = attributes
    await upper.setAttributes(node, { accessed: modified, modified })
    return node
  }

  /** So that its number is known again after a restart. Only files take `user.` attributes, the rest loses its handles then. */
  async #mark(lower: NodeId, node: NodeId, { type }: Attributes): Promise<void> {
    const { upper, lowerKey } = this.#layers.parts
    try {
      await upper.setXattr(node, ORIGIN, Buffer.from(`${lowerKey} ${lower}`), 'either')
    } catch (error) {
      if (type === 'file') throw error
    }
  }

  async #make(lower: NodeId, name: ByteString, attributes: Attributes): Promise<NodeId> {
    const { lower: below, upper, work } = this.#layers.parts
    const { type, device } = attributes
    if (type === 'file') return (await upper.createFile(work, name, attributes, { kind: 'guarded' })).node
    if (type === 'directory') return upper.makeDirectory(work, name, attributes)
    if (type === 'symlink') return upper.makeSymlink(work, name, await below.readLink(lower), attributes)
    return upper.makeNode(work, name, { type, device }, attributes)
  }

  /** Holes stay holes. The copy is on the disk before it is put in the original's place. */
  async #copyContent(lower: NodeId, node: NodeId): Promise<void> {
    const { lower: below, upper } = this.#layers.parts
    const source = await below.open(lower)
    const target = await upper.open(node)
    const chunk = Buffer.alloc(Math.min(CHUNK_BYTES, source.size))
    try {
      for (let at = 0; at < source.size; at += chunk.byteLength) {
        const count = await source.read(chunk, at)
        const bytes = chunk.subarray(0, count)
        if (!bytes.equals(ZEROS.subarray(0, count))) await target.write(bytes, at)
      }
      if (target.size < source.size) await upper.setAttributes(node, { size: source.size })
      await target.commit()
    } finally {
      await Promise.all([source.close(), target.close()])
    }
  }

  /** Removes what was left in the work directory: a file, or a directory with what is in it. */
  async discard(name: ByteString): Promise<void> {
    // What cannot be removed is in nobody's way; the next start tries again.
    await removeAll(this.#layers, this.#layers.parts.work, name).catch(() => undefined)
  }
}

/** Removes a name of the upper tree and all below it. */
export async function removeAll(layers: Layers, directory: NodeId, name: ByteString): Promise<void> {
  const { upper } = layers.parts
  const node = await upper.lookup(directory, name)
  if (node === undefined) return
  if ((await upper.attributes(node)).type === 'directory') {
    for (const entry of await upper.list(node)) await removeAll(layers, node, entry.name)
    await upper.removeDirectory(directory, name)
  } else await upper.unlink(directory, name)
  layers.part(node)
}
