import type { FileTree, NodeId } from '../file-tree.ts'

const CHUNK_BYTES = 1024 * 1024

/** A node of a tree. */
export interface At {
  readonly tree: FileTree
  readonly node: NodeId
}

/** True if two nodes are the same to whoever uses them: type, rights, content; not times and names. */
export async function isSame(one: At, other: At): Promise<boolean> {
  const [a, b] = [await one.tree.attributes(one.node), await other.tree.attributes(other.node)]
  if (a.type !== b.type || a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false
  if (a.type === 'directory') return true
  if (a.type === 'symlink') return (await one.tree.readLink(one.node)) === (await other.tree.readLink(other.node))
  if (a.type !== 'file') return a.device.major === b.device.major && a.device.minor === b.device.minor
  return a.size === b.size && hasSameContent(one, other)
}

async function hasSameContent(one: At, other: At): Promise<boolean> {
  const [a, b] = [await one.tree.open(one.node), await other.tree.open(other.node)]
  const [left, right] = [Buffer.alloc(Math.min(CHUNK_BYTES, a.size)), Buffer.alloc(Math.min(CHUNK_BYTES, a.size))]
  try {
    for (let at = 0; at < a.size; at += left.byteLength) {
      const count = await a.read(left, at)
      if ((await b.read(right, at)) !== count || !left.subarray(0, count).equals(right.subarray(0, count))) return false
    }
    return true
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}
