import type { Awaitable } from '../../../storage/byte-source.ts'
import { type NodeId, StaleNodeError } from '../../../storage/file-tree.ts'
import { type ByteString, textOf } from '../../../wire/bytestring.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { KEY_BYTES, type NfsExport, type NfsExports } from '../export.ts'
import { decodeHandle } from '../handle.ts'
import { type Located, type Locator, type ServedExport, attributesIfThere } from '../located.ts'
import { PseudoTree, pseudoNode } from './pseudo-tree.ts'

/** No export has it: exports are keyed by digests. */
const PSEUDO_KEY = Buffer.alloc(KEY_BYTES)

/** All exports as one tree: the pseudo file system joins them. */
export class Namespace {
  readonly #exports: NfsExports
  readonly #locator: Locator
  readonly #pseudo: NfsExport

  constructor(exports: NfsExports, locator: Locator) {
    this.#exports = exports
    this.#locator = locator
    this.#pseudo = { path: '/', key: PSEUDO_KEY, tree: new PseudoTree(exports) }
  }

  /** Where every client begins. */
  *root(): Steps<Located> {
    const whole = yield* ready(this.#exports.byPath('/'))
    return yield* this.#rootOf(this.#locator.serve(whole ?? this.#pseudo))
  }

  /** @throws {HandleError} and {@link StaleNodeError} */
  find(handle: Buffer): Steps<Located> {
    return ready(this.locate(handle))
  }

  /** The same, at once where that needs no wait. */
  locate(handle: Buffer): Awaitable<Located> {
    const decoded = decodeHandle(handle)
    if (decoded === undefined || !isPseudoKey(handle)) return this.#locator.locate(handle)
    const { node } = decoded
    const served = this.#locator.serve(this.#pseudo)
    const looked = served.tree.attributes(node)
    if (looked instanceof Promise) return looked.then((attributes) => ({ served, node, attributes }))
    return { served, node, attributes: looked }
  }

  /** True for the directories above the exports. */
  isPseudo({ served }: Pick<Located, 'served'>): boolean {
    return served.tree === this.#pseudo.tree
  }

  /** The child of that name; from above an export into it. Undefined if there is none. */
  *lookup(directory: Located, name: ByteString): Steps<Located | undefined> {
    if (this.isPseudo(directory)) return yield* this.#enter(directory, name)
    const { served } = directory
    const node = yield* ready(served.tree.lookup(directory.node, name))
    const attributes = node === undefined ? undefined : yield* attributesIfThere(served.tree, node)
    return node === undefined || attributes === undefined ? undefined : { served, node, attributes }
  }

  /** The directory above; from the root of an export out of it. Undefined at the root of all. */
  *parent(directory: Located): Steps<Located | undefined> {
    const { served, node } = directory
    if (node !== served.tree.root) {
      const above = yield* ready(served.tree.parent(node))
      return { served, node: above, attributes: yield* ready(served.tree.attributes(above)) }
    }
    if (this.isPseudo(directory) || served.path === '/') return undefined
    const pseudo = this.#locator.serve(this.#pseudo)
    const above = pseudoNode(served.path.slice(0, served.path.lastIndexOf('/')) || '/')
    const attributes = yield* attributesIfThere(pseudo.tree, above)
    return attributes === undefined ? yield* this.root() : { served: pseudo, node: above, attributes }
  }

  /** The path of a name in a directory above the exports. */
  *pathOf(node: NodeId, name: ByteString): Steps<string> {
    return `${yield* this.#pathOf(node)}/${textOf(name)}`
  }

  *#enter({ served, node }: Located, name: ByteString): Steps<Located | undefined> {
    const entered = yield* ready(this.#exports.byPath(yield* this.pathOf(node, name)))
    if (entered !== undefined) return yield* this.#rootOf(this.#locator.serve(entered))
    const below = yield* ready(served.tree.lookup(node, name))
    const attributes = below === undefined ? undefined : yield* attributesIfThere(served.tree, below)
    return below === undefined || attributes === undefined ? undefined : { served, node: below, attributes }
  }

  *#pathOf(node: NodeId): Steps<string> {
    if (node === pseudoNode('/')) return ''
    for (const path of yield* ready(this.#exports.paths())) {
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
        if (pseudoNode(path.slice(0, end)) === node) return path.slice(0, end)
      }
    }
    throw new StaleNodeError(node)
  }

  *#rootOf(served: ServedExport): Steps<Located> {
    const { root } = served.tree
    return { served, node: root, attributes: yield* ready(served.tree.attributes(root)) }
  }
}

function isPseudoKey(handle: Buffer): boolean {
  return handle.subarray(handle.byteLength - KEY_BYTES).equals(PSEUDO_KEY)
}
