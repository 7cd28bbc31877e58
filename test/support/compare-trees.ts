import assert from 'node:assert/strict'
import type { FileTree, NodeId } from '../../src/storage/file-tree.ts'
import { textOf } from '../../src/wire/bytestring.ts'

export interface CompareOptions {
  /** Formats without PAX know whole seconds. */
  readonly wholeSeconds?: boolean
  readonly xattrs?: boolean
}

/** Asserts that two trees hold the same, byte for byte. @returns how many names were compared */
export async function assertSameTree(found: FileTree, wanted: FileTree, options: CompareOptions = {}): Promise<number> {
  return compareNode(found, found.root, wanted, wanted.root, '', options)
}

async function compareNode(
  found: FileTree,
  a: NodeId,
  wanted: FileTree,
  b: NodeId,
  path: string,
  options: CompareOptions,
): Promise<number> {
  assert.deepEqual(await describe(found, a, options), await describe(wanted, b, options), path)
  assert.equal(await found.readLink(a), await wanted.readLink(b), path)
  assert.ok((await contentOf(found, a)).equals(await contentOf(wanted, b)), `content of ${path}`)
  const names = async (tree: FileTree, node: NodeId): Promise<string[]> =>
    (await tree.list(node)).map(({ name }) => name).toSorted()
  const below = await names(wanted, b)
  assert.deepEqual(await names(found, a), below, path)
  let count = 1
  for (const name of below) {
    const [left, right] = [await found.lookup(a, name), await wanted.lookup(b, name)]
    assert.ok(left !== undefined && right !== undefined)
    count += await compareNode(found, left, wanted, right, `${path}/${textOf(name)}`, options)
  }
  return count
}

async function describe(tree: FileTree, node: NodeId, options: CompareOptions): Promise<unknown> {
  const { type, mode, uid, gid, linkCount, device, size, modified } = await tree.attributes(node)
  const rest = { type, mode, uid, gid, linkCount, device }
  const time = options.wholeSeconds === true ? modified.seconds : modified
  const xattrs = options.xattrs === true ? [...(await tree.extendedAttributes(node))] : []
  const length = rest.type === 'directory' ? 0 : size // of a directory it is a matter of its file system
  const values = xattrs.map(([name, value]) => `${name}=${Buffer.from(value).toString('hex')}`)
  return { ...rest, size: length, time, xattrs: values.toSorted() }
}

async function contentOf(tree: FileTree, node: NodeId): Promise<Buffer> {
  const source = await tree.open(node)
  const content = Buffer.alloc(source.size)
  const count = source.size === 0 ? 0 : await source.read(content, 0)
  await source.close()
  return content.subarray(0, count)
}
