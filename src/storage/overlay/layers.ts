import type { ByteString } from '../../wire/bytestring.ts'
import { type FileTree, type NodeId, StaleNodeError } from '../file-tree.ts'
import type { WritableDirectory } from '../writable-directory.ts'
import { FIRST_NODE } from '../writable/identity.ts'
import type { LowerNames } from './lower-names.ts'

/** What stands behind a node of the overlay: of a directory both are there where both have it, of the rest the upper. */
export interface Sides {
  readonly upper?: NodeId
  readonly lower?: NodeId
}

/** The trees that an overlay joins. */
export interface OverlayParts {
  /** A release: it never changes, and its nodes are below 2^32. */
  readonly lower: FileTree
  /** What says which release it is, in the marks of copied files. */
  readonly lowerKey: string
  /** The directory that holds the two below, on one file system. */
  readonly upper: WritableDirectory
  readonly upperRoot: NodeId
  /** Where things are made before they are moved into place. */
  readonly work: NodeId
  /** Gives the directory back. */
  readonly release: () => Promise<void>
}

/**
 * Which nodes belong together. A node that the release has keeps its number when it is copied up, so handles stay good;
 * one that only the client's directory has is known by its number there, which is 2^32 or more.
 */
export class Layers {
  readonly parts: OverlayParts
  readonly #names: LowerNames
  readonly #upperOf = new Map<NodeId, NodeId>()
  readonly #originOf = new Map<NodeId, NodeId>()
  /** Upper directories that show nothing of what is below them. */
  readonly opaque = new Set<NodeId>()
  /** Names of the release that are deleted or replaced. */
  readonly #hidden = new Set<string>()

  constructor(parts: OverlayParts, names: LowerNames) {
    this.parts = parts
    this.#names = names
    this.join(parts.lower.root, parts.upperRoot)
  }

  /** @throws {StaleNodeError} if there is no such node, or it is deleted */
  sides(node: NodeId): Sides {
    const { upper: tree, work } = this.parts
    if (node >= FIRST_NODE) {
      if (node === tree.root || node === work || this.#originOf.has(node)) throw new StaleNodeError(node)
      return { upper: node }
    }
    const upper = this.#upperOf.get(node)
    if (upper === undefined && !this.#isVisible(node)) throw new StaleNodeError(node)
    const isMerged = upper !== undefined && this.#isDirectory(node)
    return { ...(upper === undefined ? {} : { upper }), ...(upper === undefined || isMerged ? { lower: node } : {}) }
  }

  /** The number of what is `node` in the upper tree. */
  numberOf(upper: NodeId): NodeId {
    return this.#originOf.get(upper) ?? upper
  }
  /** The upper node of a node of the release; undefined if it was not copied up. */
  upperOf(lower: NodeId): NodeId | undefined {
    return this.#upperOf.get(lower)
  }
  /** A node of the release is this upper node from now on. */
  join(lower: NodeId, upper: NodeId): void {
    this.#upperOf.set(lower, upper)
    this.#originOf.set(upper, lower)
  }
  /** Files of several names that were copied up: the node of the release, and its copy. */
  copies(): (readonly [NodeId, NodeId])[] {
    return [...this.#upperOf].filter(([lower]) => (this.#names.get(lower)?.length ?? 0) > 1)
  }
  /** An upper node is gone. */
  part(upper: NodeId): void {
    const lower = this.#originOf.get(upper)
    this.#originOf.delete(upper)
    this.opaque.delete(upper)
    if (lower !== undefined && this.#upperOf.get(lower) === upper) this.#upperOf.delete(lower)
  }

  /** Says whether the client's directory hides a name of the release. */
  hide(directory: NodeId, name: ByteString, isHidden: boolean): void {
    if (isHidden) this.#hidden.add(`${directory}/${name}`)
    else this.#hidden.delete(`${directory}/${name}`)
  }
  /** The names of a node of the release that still lead to it. */
  visibleNames(lower: NodeId): readonly { readonly directory: NodeId; readonly name: ByteString }[] {
    const names = this.#names.get(lower) ?? []
    return names.filter(
      ({ directory, name }) => !this.#hidden.has(`${directory}/${name}`) && this.#isVisible(directory),
    )
  }

  #isVisible(lower: NodeId): boolean {
    return lower === this.parts.lower.root || this.visibleNames(lower).length > 0
  }
  #isDirectory(lower: NodeId): boolean {
    const attributes = this.parts.lower.attributes(lower)
    if (attributes instanceof Promise) throw new TypeError('The lower tree of an overlay must answer at once')
    return attributes.type === 'directory'
  }
}
