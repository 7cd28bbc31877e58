import { byteStringFrom } from '../../wire/bytestring.ts'
import type { NodeId } from '../file-tree.ts'
import type { LiveAttributes } from '../writable-tree.ts'
import { OPAQUE, ORIGIN, isWhiteout } from './format.ts'
import type { Layers, Sides } from './layers.ts'

/**
 * Reads the client's directory: what was copied up, and what it hides of the release. It takes as long as what the
 * client has changed is large.
 */
export async function scan(layers: Layers): Promise<void> {
  const { upperRoot, lower } = layers.parts
  const queue: Sides[] = [{ upper: upperRoot, lower: lower.root }]
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    if (directory.upper === undefined) continue
    for (const { name, node } of await layers.parts.upper.list(directory.upper)) {
      const below = directory.lower === undefined ? undefined : await lower.lookup(directory.lower, name)
      const attributes = await layers.parts.upper.attributes(node)
      const isJoined = await learn(layers, node, attributes, below)
      if (attributes.type === 'directory')
        queue.push(isJoined && below !== undefined ? { upper: node, lower: below } : { upper: node })
      if (directory.lower !== undefined && below !== undefined) layers.hide(directory.lower, name, !isJoined)
    }
  }
}

/** True if the upper node is what the release has under that name, changed. */
async function learn(
  layers: Layers,
  node: NodeId,
  attributes: LiveAttributes,
  below: NodeId | undefined,
): Promise<boolean> {
  if (isWhiteout(attributes)) return false
  const xattrs = await layers.parts.upper.extendedAttributes(node)
  if (attributes.type !== 'directory')
    return learnOrigin(layers, node, xattrs.get(ORIGIN)) === below && below !== undefined
  if (xattrs.has(OPAQUE)) {
    layers.opaque.add(node)
    return false
  }
  if (below === undefined || (await layers.parts.lower.attributes(below)).type !== 'directory') return false
  layers.join(below, node)
  return true
}

function learnOrigin(layers: Layers, node: NodeId, origin: Uint8Array | undefined): NodeId | undefined {
  const { lowerKey } = layers.parts
  const [key, number] = origin === undefined ? [] : byteStringFrom(origin).split(' ')
  if (key !== lowerKey || number === undefined || !/^\d+$/.test(number)) return undefined
  layers.join(Number(number), node)
  return Number(number)
}
