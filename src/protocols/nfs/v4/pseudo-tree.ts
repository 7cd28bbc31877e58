import { createHash } from 'node:crypto'
import { memorySource } from '../../../storage/byte-source.ts'
import {
  type Attributes,
  type DirectoryEntry,
  type FileTree,
  type NodeId,
  StaleNodeError,
} from '../../../storage/file-tree.ts'
import { type ByteString, byteStringOf } from '../../../wire/bytestring.ts'
import type { NfsExports } from '../export.ts'

interface Directory {
  readonly parent: NodeId
  readonly children: Map<ByteString, NodeId>
}

const NOTHING = new Map<string, Uint8Array>()

/**
 * The directories above the exports, RFC 8881 §7.3: clients of version 4 begin at the root of all exports, and walk.
 * Numbers come from paths, so handles are good after a restart.
 */
export class PseudoTree implements FileTree {
  readonly root = pseudoNode('/')
  readonly #exports: NfsExports

  constructor(exports: NfsExports) {
    this.#exports = exports
  }

  /** The change of the directory is told by the names in it: there is no clock that knows it. */
  async attributes(node: NodeId): Promise<Attributes> {
    const { children } = await this.#directory(node)
    const names = createHash('sha256')
      .update([...children.keys()].join('\0'))
      .digest()
    return {
      type: 'directory',
      mode: 0o555,
      uid: 0,
      gid: 0,
      size: 4096,
      usedBytes: 0,
      linkCount: 2 + children.size,
      device: { major: 0, minor: 0 },
      modified: { seconds: 0, nanoseconds: names.readUInt32BE(0) % 1_000_000_000 },
    }
  }
  async lookup(directory: NodeId, name: ByteString): Promise<NodeId | undefined> {
    return (await this.#directory(directory)).children.get(name)
  }
  async parent(directory: NodeId): Promise<NodeId> {
    return (await this.#directory(directory)).parent
  }
  async list(directory: NodeId): Promise<readonly DirectoryEntry[]> {
    return Array.from((await this.#directory(directory)).children, ([name, node]) => ({ name, node }))
  }
  readLink(): ByteString {
    return ''
  }
  open(): ReturnType<FileTree['open']> {
    return memorySource(new Uint8Array(0))
  }
  extendedAttributes(): ReadonlyMap<string, Uint8Array> {
    return NOTHING
  }
  statistics(): { readonly nodes: number; readonly bytes: number } {
    return { nodes: 1, bytes: 0 }
  }
  async close(): Promise<void> {
    // It holds nothing.
  }

  async #directory(node: NodeId): Promise<Directory> {
    const found = directoriesOf(await this.#exports.paths()).get(node)
    if (found === undefined) throw new StaleNodeError(node)
    return found
  }
}

/** The number of the directory with this path. */
export function pseudoNode(path: string): NodeId {
  return createHash('sha256').update(path).digest().readUIntBE(0, 6)
}

/** All directories on the way to these paths, those of the exports included. */
function directoriesOf(paths: readonly string[]): ReadonlyMap<NodeId, Directory> {
  const root = pseudoNode('/')
  const directories = new Map<NodeId, Directory>([[root, { parent: root, children: new Map() }]])
  for (const path of [...paths].sort()) {
    let at = ''
    let parent = root
    for (const name of path.split('/').filter((step) => step !== '')) {
      at += `/${name}`
      const node = pseudoNode(at)
      directories.get(parent)?.children.set(byteStringOf(name), node)
      if (!directories.has(node)) directories.set(node, { parent, children: new Map() })
      parent = node
    }
  }
  return directories
}
