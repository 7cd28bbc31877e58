import type { ByteString } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import type { LiveAttributes } from '../writable-tree.ts'
import { isWhiteout } from './format.ts'
import type { Layers, Sides } from './layers.ts'

/** What stands under a name in a directory of the overlay. */
export interface Look {
  /** In the upper directory, whiteouts too. */
  readonly upper: { readonly node: NodeId; readonly attributes: LiveAttributes } | undefined
  /** In the lower directory, whether it is hidden or not. */
  readonly lower: NodeId | undefined
  /** The node of the overlay; undefined if the name is not there. */
  readonly node: NodeId | undefined
}

/** Looks a name up on both sides. */
export async function look(layers: Layers, directory: Sides, name: ByteString): Promise<Look> {
  const { upper: above, lower: below } = layers.parts
  const lower = directory.lower === undefined ? undefined : await below.lookup(directory.lower, name)
  const node = directory.upper === undefined ? undefined : await above.lookup(directory.upper, name)
  if (node === undefined) return { upper: undefined, lower, node: lower }
  const attributes = await above.attributes(node)
  return { upper: { node, attributes }, lower, node: isWhiteout(attributes) ? undefined : layers.numberOf(node) }
}
