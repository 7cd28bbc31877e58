import type { ByteString } from '../wire/bytestring.ts'
import { type ByteSource, memorySource } from './byte-source.ts'
import {
  type Attributes,
  type DirectoryEntry,
  type FileTree,
  type FileType,
  type NodeId,
  StaleNodeError,
  type Timestamp,
} from './file-tree.ts'

/** A node by its path (`etc/passwd`, `.` is the root); what is left out is the ordinary. */
export interface MemoryEntry {
  readonly path: ByteString
  /** Without it: a symlink if there is a target, a file if there is content, else a directory. */
  readonly type?: FileType
  readonly mode?: number
  readonly uid?: number
  readonly gid?: number
  readonly modified?: Timestamp
  readonly content?: Uint8Array | string
  /** Less than the length of the content where it is meant to have holes. */
  readonly usedBytes?: number
  /** Of a symlink. */
  readonly target?: ByteString
  /** Another path that this one is a second name of. */
  readonly linkTo?: ByteString
  readonly device?: { readonly major: number; readonly minor: number }
  readonly xattrs?: ReadonlyMap<string, Uint8Array>
}

interface MemoryNode {
  readonly attributes: Attributes
  readonly parent: NodeId
  readonly children: Map<ByteString, NodeId>
  readonly content: Uint8Array
  readonly target: ByteString
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

const ROOT = 1
const NO_DEVICE = { major: 0, minor: 0 }
const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map()
const USUAL_MODE: Readonly<Partial<Record<FileType, number>>> = { directory: 0o755, symlink: 0o777 }

/** A tree in memory, for tests and for trees that are made up. Nodes are numbered in the order of the entries. */
export class MemoryTree implements FileTree {
  readonly root = ROOT
  readonly #nodes = new Map<NodeId, MemoryNode>()

  /** @throws {Error} if a `linkTo` leads to nothing */
  constructor(entries: readonly MemoryEntry[]) {
    this.#put(ROOT, ROOT, entries.find(({ path }) => path === '.') ?? { path: '.' })
    for (const entry of entries) if (entry.path !== '.') this.#add(entry)
  }

  attributes(node: NodeId): Attributes {
    return this.#node(node).attributes
  }
  lookup(directory: NodeId, name: ByteString): NodeId | undefined {
    return this.#node(directory).children.get(name)
  }
  parent(directory: NodeId): NodeId {
    return this.#node(directory).parent
  }
  list(directory: NodeId): readonly DirectoryEntry[] {
    return Array.from(this.#node(directory).children, ([name, node]) => ({ name, node }))
  }
  readLink(node: NodeId): ByteString {
    return this.#node(node).target
  }
  open(node: NodeId): ByteSource {
    return memorySource(this.#node(node).content)
  }
  extendedAttributes(node: NodeId): ReadonlyMap<string, Uint8Array> {
    return this.#node(node).xattrs
  }
  statistics(): { readonly nodes: number; readonly bytes: number } {
    const used = Array.from(this.#nodes.values(), ({ attributes }) => attributes.usedBytes)
    return { nodes: used.length, bytes: used.reduce((sum, bytes) => sum + bytes, 0) }
  }
  async close(): Promise<void> {
    this.#nodes.clear()
  }

  #node(node: NodeId): MemoryNode {
    const found = this.#nodes.get(node)
    if (found === undefined) throw new StaleNodeError(node)
    return found
  }

  /** Adds an entry, and the directories above it that are not there. */
  #add(entry: MemoryEntry): void {
    const names = entry.path.split('/')
    const name = names.pop() ?? ''
    let parent: NodeId = ROOT
    for (const step of names) parent = this.lookup(parent, step) ?? this.#create(parent, step, { path: step })
    if (entry.linkTo === undefined) this.#create(parent, name, entry)
    else this.#link(parent, name, entry.linkTo)
  }

  #create(parent: NodeId, name: ByteString, entry: MemoryEntry): NodeId {
    const node = this.#nodes.size + 1
    this.#put(node, parent, entry)
    this.#node(parent).children.set(name, node)
    if (this.#node(node).attributes.type === 'directory') this.#countLink(parent)
    return node
  }

  #link(parent: NodeId, name: ByteString, path: ByteString): void {
    let node: NodeId | undefined = ROOT
    for (const step of path.split('/')) node = node === undefined ? undefined : this.lookup(node, step)
    if (node === undefined) throw new Error(`Cannot link to "${path}": it is not in the tree`)
    this.#node(parent).children.set(name, node)
    this.#countLink(node)
  }

  #countLink(node: NodeId): void {
    const old = this.#node(node)
    this.#nodes.set(node, { ...old, attributes: { ...old.attributes, linkCount: old.attributes.linkCount + 1 } })
  }

  #put(node: NodeId, parent: NodeId, entry: MemoryEntry): void {
    const content =
      typeof entry.content === 'string' ? Buffer.from(entry.content) : (entry.content ?? new Uint8Array(0))
    const target = entry.target ?? ''
    const attributes = attributesOf(entry, Math.max(content.byteLength, target.length))
    this.#nodes.set(node, {
      attributes,
      parent,
      children: new Map(),
      content,
      target,
      xattrs: entry.xattrs ?? NO_XATTRS,
    })
  }
}

function attributesOf(entry: MemoryEntry, size: number): Attributes {
  const type = typeOf(entry)
  return {
    type,
    mode: entry.mode ?? USUAL_MODE[type] ?? 0o644,
    uid: entry.uid ?? 0,
    gid: entry.gid ?? 0,
    size,
    usedBytes: entry.usedBytes ?? (type === 'file' ? size : 0),
    linkCount: type === 'directory' ? 2 : 1,
    device: entry.device ?? NO_DEVICE,
    modified: entry.modified ?? { seconds: 0, nanoseconds: 0 },
  }
}

function typeOf({ type, target, content }: MemoryEntry): FileType {
  if (type !== undefined) return type
  if (target !== undefined) return 'symlink'
  return content === undefined ? 'directory' : 'file'
}
