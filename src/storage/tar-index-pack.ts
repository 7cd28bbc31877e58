import { type ByteString, bytesOf, byteStringOf } from '../wire/bytestring.ts'
import { ByteWriter } from '../wire/writer.ts'
import type { Draft } from './tar-index-builder.ts'
import { type Columns, F64_COLUMNS, packKind, type TarIndex, U32_COLUMNS } from './tar-index.ts'

/** Numbers the directories that have no entry, counts names, and lays a tree out in columns. */
export function packIndex(root: Draft, entries: number): TarIndex {
  const { nodes, links, highest } = numberNodes(root, entries)
  const columns = emptyColumns(highest + 1, nodes)
  const packer = new Packer(columns)
  for (const [node, count] of links) packer.put(node, count)
  const bytes = nodes.reduce((sum, node) => sum + usedBytes(node), 0)
  return { entries, root: root.number, nodes: nodes.length, bytes, columns, pool: packer.pool() }
}

/** All nodes in the order of a walk, and how many names each has. */
function numberNodes(root: Draft, entries: number): { nodes: Draft[]; links: Map<Draft, number>; highest: number } {
  const links = new Map<Draft, number>([[root, 2]])
  const queue = [root]
  let highest = entries
  for (const node of queue) {
    if (node.number === 0) node.number = ++highest
    for (const child of node.children.values()) {
      const isDirectory = child.type === 'directory'
      if (!links.has(child)) queue.push(child)
      links.set(child, (links.get(child) ?? 0) + (isDirectory ? 2 : 1))
      if (isDirectory) links.set(node, (links.get(node) ?? 0) + 1)
    }
  }
  return { nodes: queue, links, highest }
}

function emptyColumns(length: number, nodes: readonly Draft[]): Columns {
  const sum = (count: (node: Draft) => number): number => nodes.reduce((total, node) => total + count(node), 0)
  const tables = {
    entry: sum((n) => n.children.size),
    extent: sum((n) => n.extents.length),
    xattr: sum((n) => n.xattrs.size),
  }
  const lengthOf = (name: string): number => {
    if (name.startsWith('entry')) return tables.entry
    if (name.startsWith('extent')) return tables.extent
    return /^xattr(Name|Value)/.test(name) ? tables.xattr : length
  }
  return Object.fromEntries([
    ...U32_COLUMNS.map((name) => [name, new Uint32Array(lengthOf(name))]),
    ...F64_COLUMNS.map((name) => [name, new Float64Array(lengthOf(name))]),
  ]) as Columns
}

/** Bytes that the content takes in the archive. */
function usedBytes(node: Draft): number {
  return node.extents.reduce((sum, { length }) => sum + length, 0)
}

/** Fills the columns node by node. */
class Packer {
  readonly #columns: Columns
  readonly #writer = new ByteWriter(1 << 20)
  /** Attribute names and values repeat: SELinux labels every file with one of a few hundred. */
  readonly #seen = new Map<ByteString, number>()
  #entry = 0
  #extent = 0
  #xattr = 0

  constructor(columns: Columns) {
    this.#columns = columns
  }

  put(node: Draft, links: number): void {
    const c = this.#columns
    const at = node.number
    c.kind[at] = packKind(node.type, node.mode)
    c.uid[at] = node.uid
    c.gid[at] = node.gid
    c.links[at] = links
    c.major[at] = node.device.major
    c.minor[at] = node.device.minor
    c.seconds[at] = node.modified.seconds
    c.nanoseconds[at] = node.modified.nanoseconds
    c.size[at] = node.size
    c.used[at] = usedBytes(node)
    c.parent[at] = (node.parent ?? node).number
    if (node.type === 'directory') this.#putEntries(node)
    if (node.type === 'file') this.#putExtents(node)
    if (node.type === 'symlink') {
      c.from[at] = this.#put(bytesOf(node.target))
      c.count[at] = node.size
    }
    this.#putXattrs(node)
  }

  pool(): Buffer {
    return Buffer.from(this.#writer.finish())
  }

  #putEntries(node: Draft): void {
    const c = this.#columns
    c.from[node.number] = this.#entry
    c.count[node.number] = node.children.size
    for (const [name, child] of node.children) {
      const bytes = bytesOf(name)
      c.entryName[this.#entry] = this.#put(bytes)
      c.entryLength[this.#entry] = bytes.byteLength
      c.entryNode[this.#entry++] = child.number
    }
  }
  #putExtents(node: Draft): void {
    const c = this.#columns
    c.from[node.number] = this.#extent
    c.count[node.number] = node.extents.length
    for (const { fileOffset, position, length } of node.extents) {
      c.extentOffset[this.#extent] = fileOffset
      c.extentPosition[this.#extent] = position
      c.extentLength[this.#extent++] = length
    }
  }
  #putXattrs(node: Draft): void {
    const c = this.#columns
    c.xattrFrom[node.number] = this.#xattr
    c.xattrCount[node.number] = node.xattrs.size
    for (const [name, value] of node.xattrs) {
      const key = byteStringOf(name)
      c.xattrName[this.#xattr] = this.#once(key)
      c.xattrNameLength[this.#xattr] = key.length
      c.xattrValue[this.#xattr] = this.#once(Buffer.from(value).toString('latin1'))
      c.xattrValueLength[this.#xattr++] = value.byteLength
    }
  }
  #once(value: ByteString): number {
    const at = this.#seen.get(value) ?? this.#put(bytesOf(value))
    this.#seen.set(value, at)
    return at
  }
  #put(bytes: Uint8Array): number {
    const at = this.#writer.length
    this.#writer.bytes(bytes)
    return at
  }
}
