import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'

/** A name that leads to a node. */
export interface Place {
  readonly parent: NodeId
  readonly name: ByteString
}

/** Of a node with more names these are remembered; the others are found by a search. */
const MOST_NAMES = 8

/** Where nodes were last seen. A place may be out of date: whoever uses it looks whether the node is there. */
export class Places {
  readonly #places = new Map<NodeId, readonly Place[]>()

  /** The place seen last. */
  get(node: NodeId): Place | undefined {
    return this.#places.get(node)?.[0]
  }
  /** Remembers a place. */
  add(node: NodeId, parent: NodeId, name: ByteString): void {
    const known = this.#places.get(node)
    if (known === undefined) this.#places.set(node, [{ parent, name }])
    else if (!isAt(known[0], parent, name)) {
      const others = known.filter((place) => !isAt(place, parent, name))
      this.#places.set(node, [{ parent, name }, ...others.slice(0, MOST_NAMES - 1)])
    }
  }
  /** Forgets a place; returns true if the node has another one. */
  remove(node: NodeId, parent: NodeId, name: ByteString): boolean {
    const left = this.#places.get(node)?.filter((place) => !isAt(place, parent, name)) ?? []
    if (left.length > 0) this.#places.set(node, left)
    else this.#places.delete(node)
    return left.length > 0
  }
  clear(): void {
    this.#places.clear()
  }
}

function isAt(place: Place | undefined, parent: NodeId, name: ByteString): boolean {
  return place !== undefined && place.parent === parent && place.name === name
}
