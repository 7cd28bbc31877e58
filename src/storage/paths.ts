import { type ByteString, byteStringOf } from '../wire/bytestring.ts'
import type { FileTree, NodeId } from './file-tree.ts'

const MOST_LINKS = 40 // as the kernel

/**
 * The node that a path leads to, symlinks followed inside the tree, as if it were `/`: absolute targets begin at its
 * root, `..` of the root is the root.
 *
 * @param last what to do with a symlink at the very end
 * @returns undefined where there is nothing, or only a loop of symlinks
 */
export async function resolvePath(
  tree: FileTree,
  path: string,
  last: 'follow' | 'keep' = 'follow',
): Promise<NodeId | undefined> {
  const rest = stepsOf(byteStringOf(path))
  let at = tree.root
  let links = 0
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    const next = name === '..' ? await tree.parent(at) : await tree.lookup(at, name)
    if (next === undefined) return undefined
    const { type } = await tree.attributes(next)
    if (type === 'symlink' && (rest.length > 0 || last === 'follow')) {
      if (++links > MOST_LINKS) return undefined
      const target = await tree.readLink(next)
      if (target.startsWith('/')) at = tree.root
      rest.push(...stepsOf(target))
    } else if (rest.length > 0 && type !== 'directory') return undefined
    else at = next
  }
  return at
}

/**
 * The content of the file at a path, or undefined where there is none.
 *
 * @param most bytes that are read at most
 */
export async function readPath(tree: FileTree, path: string, most = Infinity): Promise<Buffer | undefined> {
  const node = await resolvePath(tree, path)
  if (node === undefined || (await tree.attributes(node)).type !== 'file') return undefined
  const source = await tree.open(node)
  try {
    const content = Buffer.alloc(Math.min(source.size, most))
    let length = 0
    for (let count = -1; count !== 0 && length < content.byteLength; length += count) {
      count = await source.read(content.subarray(length), length)
    }
    return content.subarray(0, length)
  } finally {
    await source.close()
  }
}

/** Components, last one first. */
function stepsOf(path: ByteString): ByteString[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  return parts.reverse()
}
