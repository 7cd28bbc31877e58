import type { ByteString } from '../wire/bytestring.ts'
import type { Awaitable } from './byte-source.ts'
import type { Attributes, DirectoryEntry, FileTree, NodeId } from './file-tree.ts'
import { Changes } from './overlay/changes.ts'
import { type Content, CopyUp } from './overlay/copy-up.ts'
import { isPrivate, isWhiteout } from './overlay/format.ts'
import { Layers, type OverlayParts } from './overlay/layers.ts'
import { look } from './overlay/look.ts'
import { lowerNames } from './overlay/lower-names.ts'
import { Mutex } from './overlay/mutex.ts'
import { OverlayFile, refuseOpen } from './overlay/overlay-file.ts'
import { openParts } from './overlay/parts.ts'
import { scan } from './overlay/scan.ts'
import { cookieOf } from './writable/names.ts'
import {
  type AttributeChanges,
  type Created,
  type CreateMode,
  type LiveAttributes,
  type Ownership,
  type Space,
  type SpecialNode,
  TreeError,
  type WritableFile,
  type WritableTree,
  type XattrMode,
} from './writable-tree.ts'

/**
 * A release with one client's own directory above it: what the client writes lies there, and is seen in place of what the
 * release has. The directory has the form of Linux overlayfs, so `mount -t overlay` with the release unpacked as
 * `lowerdir`, DIRECTORY/upper as `upperdir` and DIRECTORY/work as `workdir` shows the same. A node keeps its number when it is
 * copied up, and over a restart. As on every overlay, moving a directory of the release is EXDEV.
 */
export class OverlayTree implements WritableTree, AsyncDisposable {
  readonly writable = true
  readonly root: NodeId
  readonly #layers: Layers
  readonly #parts: OverlayParts
  readonly #copyUp: CopyUp
  readonly #changes: Changes
  readonly #mutex = new Mutex()

  /**
   * Opens it, and makes the directory's parts where they are not there yet.
   *
   * @param lower the release; its attributes are told at once, its nodes are below 2^32, and it stays the caller's
   * @param lowerKey says which release it is: the directory is tied to it until it is moved to another (`moveOverlay`)
   * @throws {OtherReleaseError}, {@link InUseError}, or the system's error
   */
  static async open(lower: FileTree, lowerKey: string, directory: string): Promise<OverlayTree> {
    const parts = await openParts(lower, lowerKey, directory)
    const layers = new Layers(parts, await lowerNames(lower))
    await scan(layers)
    const tree = new OverlayTree(layers)
    await tree.#copyUp.complete().catch(() => undefined) // on a full disk: the next time
    return tree
  }
  private constructor(layers: Layers) {
    this.#layers = layers
    this.#parts = layers.parts
    this.#copyUp = new CopyUp(layers)
    this.#changes = new Changes(layers, this.#copyUp)
    this.root = layers.parts.lower.root
  }

  attributes(node: NodeId): Awaitable<LiveAttributes> {
    const { upper, lower } = this.#layers.sides(node)
    if (upper === undefined)
      return live(this.#parts.lower.attributes(lower ?? node), () => this.#layers.visibleNames(node))
    const attributes = this.#parts.upper.attributes(upper)
    return lower === undefined ? attributes : merged(attributes)
  }
  lookup(directory: NodeId, name: ByteString): Awaitable<NodeId | undefined> {
    const sides = this.#layers.sides(directory)
    if (sides.upper === undefined) return this.#parts.lower.lookup(sides.lower ?? directory, name)
    return look(this.#layers, sides, name).then(({ node }) => node)
  }
  async parent(directory: NodeId): Promise<NodeId> {
    if (directory === this.root) return this.root
    const { upper, lower } = this.#layers.sides(directory)
    if (upper === undefined) return this.#parts.lower.parent(lower ?? directory)
    return this.#layers.numberOf(await this.#parts.upper.parent(upper))
  }
  /** In the order of cookies, which are made of the names. */
  async list(directory: NodeId): Promise<readonly DirectoryEntry[]> {
    const { upper, lower } = this.#layers.sides(directory)
    const entries = new Map<ByteString, NodeId | undefined>()
    for (const { name, node } of lower === undefined ? [] : await this.#parts.lower.list(lower)) entries.set(name, node)
    for (const { name, node } of upper === undefined ? [] : await this.#parts.upper.list(upper)) {
      const isDeleted = lower !== undefined && isWhiteout(await this.#parts.upper.attributes(node))
      entries.set(name, isDeleted ? undefined : this.#layers.numberOf(node))
    }
    const present = [...entries].flatMap(([name, node]) =>
      node === undefined ? [] : [{ name, node, cookie: cookieOf(name) }],
    )
    return present.sort((one, other) => one.cookie - other.cookie || (one.name < other.name ? -1 : 1))
  }
  readLink(node: NodeId): Awaitable<ByteString> {
    const { upper, lower } = this.#layers.sides(node)
    return upper === undefined ? this.#parts.lower.readLink(lower ?? node) : this.#parts.upper.readLink(upper)
  }
  open(node: NodeId): Awaitable<WritableFile> {
    const { upper, lower = node } = this.#layers.sides(node)
    return upper === undefined ? this.#openLower(lower) : this.#parts.upper.open(upper)
  }
  async extendedAttributes(node: NodeId): Promise<ReadonlyMap<string, Uint8Array>> {
    const { upper, lower } = this.#layers.sides(node)
    const all = await (upper === undefined
      ? this.#parts.lower.extendedAttributes(lower ?? node)
      : this.#parts.upper.extendedAttributes(upper))
    return new Map([...all].filter(([name]) => !isPrivate(name)))
  }
  /** Counts by walking, so it takes a while for a large tree. */
  async statistics(): Promise<{ readonly nodes: number; readonly bytes: number }> {
    const used = new Map<NodeId, number>([[this.root, 0]])
    const queue = [this.root]
    for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
      for (const { node } of await this.list(directory)) {
        const { type, usedBytes } = await this.attributes(node)
        if (type === 'directory') queue.push(node)
        used.set(node, usedBytes)
      }
    }
    return { nodes: used.size, bytes: [...used.values()].reduce((sum, bytes) => sum + bytes, 0) }
  }
  space(): Awaitable<Space> {
    return this.#parts.upper.space()
  }

  createFile(directory: NodeId, name: ByteString, owner: Ownership, mode: CreateMode): Promise<Created> {
    return this.#mutex.run(() => this.#changes.createFile(directory, name, owner, mode))
  }
  makeDirectory(directory: NodeId, name: ByteString, owner: Ownership): Promise<NodeId> {
    return this.#make(directory, name, 'directory', (at, called) => this.#parts.upper.makeDirectory(at, called, owner))
  }
  makeSymlink(directory: NodeId, name: ByteString, target: ByteString, owner: Ownership): Promise<NodeId> {
    return this.#make(directory, name, 'other', (at, called) =>
      this.#parts.upper.makeSymlink(at, called, target, owner),
    )
  }
  async makeNode(directory: NodeId, name: ByteString, what: SpecialNode, owner: Ownership): Promise<NodeId> {
    const { type, device } = what
    const isReserved = type === 'character' && device.major === 0 && device.minor === 0
    if (isReserved) throw new TreeError('EPERM', 'The device 0:0 stands for a deleted name here')
    return this.#make(directory, name, 'other', (at, called) => this.#parts.upper.makeNode(at, called, what, owner))
  }
  link(node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
    return this.#mutex.run(() => this.#changes.link(node, directory, name))
  }
  rename(from: NodeId, name: ByteString, to: NodeId, newName: ByteString): Promise<void> {
    return this.#mutex.run(() => this.#changes.rename(from, name, to, newName))
  }
  unlink(directory: NodeId, name: ByteString): Promise<void> {
    return this.#mutex.run(() => this.#changes.unlink(directory, name))
  }
  removeDirectory(directory: NodeId, name: ByteString): Promise<void> {
    return this.#mutex.run(() => this.#changes.removeDirectory(directory, name))
  }

  async setAttributes(node: NodeId, changes: AttributeChanges): Promise<void> {
    const upper = await this.#copied(node, changes.size === 0 ? 'none' : 'whole')
    await this.#parts.upper.setAttributes(upper, changes)
  }
  async setXattr(node: NodeId, name: string, value: Uint8Array, mode: XattrMode): Promise<void> {
    if (isPrivate(name)) throw new TreeError('EPERM', 'Attributes of this name are those of the overlay')
    await this.#parts.upper.setXattr(await this.#copied(node), name, value, mode)
  }
  async removeXattr(node: NodeId, name: string): Promise<void> {
    if (isPrivate(name)) throw new TreeError('ENODATA', 'There is no such attribute')
    await this.#parts.upper.removeXattr(await this.#copied(node), name)
  }
  async commitDirectory(directory: NodeId): Promise<void> {
    const { upper } = this.#layers.sides(directory)
    if (upper !== undefined) await this.#parts.upper.commitDirectory(upper)
  }
  /** The release stays open. Calling it twice is fine. */
  close(): Promise<void> {
    return this.#mutex.run(async () => {
      await this.#parts.upper.close()
      await this.#parts.release()
    })
  }
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #make(...what: Parameters<Changes['make']>): Promise<NodeId> {
    return this.#mutex.run(() => this.#changes.make(...what))
  }
  async #copied(node: NodeId, content: Content = 'whole'): Promise<NodeId> {
    return this.#layers.sides(node).upper ?? this.#mutex.run(() => this.#copyUp.node(node, content))
  }
  async #openLower(lower: NodeId): Promise<WritableFile> {
    const { type } = await this.#parts.lower.attributes(lower)
    if (type !== 'file') refuseOpen(type)
    const opener = {
      hasUpper: (node: NodeId) => this.#layers.upperOf(node) !== undefined,
      openUpper: (node: NodeId) => {
        const upper = this.#layers.upperOf(node)
        return upper === undefined ? undefined : this.#parts.upper.open(upper)
      },
      openCopy: async (node: NodeId) => this.#parts.upper.open(await this.#copied(node)),
    }
    return new OverlayFile(opener, lower, await this.#parts.lower.open(lower))
  }
}

/** The attributes of a node of the release; some of its names may be deleted. */
function live(attributes: Awaitable<Attributes>, names: () => readonly unknown[]): Awaitable<LiveAttributes> {
  if (attributes instanceof Promise) return attributes.then((found) => withTimes(found, names))
  return withTimes(attributes, names)
}

function withTimes(attributes: Attributes, names: () => readonly unknown[]): LiveAttributes {
  const { modified, type, linkCount } = attributes
  const change = BigInt.asUintN(64, BigInt(modified.seconds) * 1_000_000_000n + BigInt(modified.nanoseconds))
  const links = type === 'directory' ? 1 : linkCount > 1 ? names().length : linkCount
  return { ...attributes, linkCount: links, accessed: modified, changed: modified, change }
}

/** How many sub-directories both sides have together nobody counts: 1 means unknown, as overlayfs says too. */
function merged(attributes: Awaitable<LiveAttributes>): Awaitable<LiveAttributes> {
  if (attributes instanceof Promise) return attributes.then((found) => ({ ...found, linkCount: 1 }))
  return { ...attributes, linkCount: 1 }
}
