import { setImmediate } from 'node:timers/promises'
import type { ByteString } from '../../wire/bytestring.ts'
import type { FileTree, NodeId } from '../file-tree.ts'

/** A name in a directory of the lower tree. */
export interface LowerName {
  readonly directory: NodeId
  readonly name: ByteString
}

export type LowerNames = ReadonlyMap<NodeId, readonly LowerName[]>

/** Milliseconds of the event loop at once. */
const SLICE_MS = 3
const known = new WeakMap<FileTree, Promise<LowerNames>>()

/** All names of each node of a tree that never changes: made once for all clients of a release. */
export function lowerNames(tree: FileTree): Promise<LowerNames> {
  const found = known.get(tree) ?? collect(tree)
  known.set(tree, found)
  return found
}

async function collect(tree: FileTree): Promise<LowerNames> {
  const names = new Map<NodeId, LowerName[]>()
  const queue = [tree.root]
  let until = performance.now() + SLICE_MS
  for (let directory = queue.pop(); directory !== undefined; directory = queue.pop()) {
    for (const { name, node } of await tree.list(directory)) {
      const others = names.get(node)
      if (others !== undefined) others.push({ directory, name })
      else {
        names.set(node, [{ directory, name }])
        if ((await tree.attributes(node)).type === 'directory') queue.push(node)
      }
      if (performance.now() < until) continue
      await setImmediate()
      until = performance.now() + SLICE_MS
    }
  }
  return names
}
