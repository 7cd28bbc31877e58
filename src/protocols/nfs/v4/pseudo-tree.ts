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
  /** Another number when other names are in it. */
  change: number | undefined
}

const NOTHING = new Map<string, Uint8Array>()

/**
 * The directories above the exports, RFC 8881 §7.3: clients of version 4 begin at the root of all exports, and walk.
 * Numbers come from paths, so handles are good after a restart.
 */
export class PseudoTree implements FileTree {
  readonly root = pseudoNode('/')
  readonly #exports: NfsExports
  /** The directories, and the paths that they were made of. */
  #known: { readonly paths: string; readonly directories: ReadonlyMap<NodeId, Directory> } | undefined

  constructor(exports: NfsExports) {
    this.#exports = exports
  }

  /** The change of the directory is told by the names in it: there is no clock that knows it. */
  async attributes(node: NodeId): Promise<Attributes> {
    const directory = await this.#directory(node)
    const { children } = directory
    directory.change ??= changeOf(children.keys())
    return {
      type: 'directory',
      mode: 0o555,
      uid: 0,
      gid: 0,
      size: 4096,
      usedBytes: 0,
      linkCount: 2 + children.size,
      device: { major: 0, minor: 0 },
      modified: { seconds: 0, nanoseconds: directory.change },
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
    const found = this.#directories(await this.#exports.paths()).get(node)
    if (found === undefined) throw new StaleNodeError(node)
    return found
  }
  #directories(list: readonly string[]): ReadonlyMap<NodeId, Directory> {
    const paths = list.join('\0')
    if (this.#known?.paths !== paths) this.#known = { paths, directories: directoriesOf(list) }
    return this.#known.directories
  }
}

function changeOf(names: Iterable<ByteString>): number {
  const digest = createHash('sha256')
    .update([...names].join('\0'))
    .digest()
  return digest.readUInt32BE(0) % 1_000_000_000 // it serves as the nanoseconds of a time
}

/** The number of the directory with this path. */
export function pseudoNode(path: string): NodeId {
  return createHash('sha256').update(path).digest().readUIntBE(0, 6)
}

/** All directories on the way to these paths, those of the exports included. */
function directoriesOf(paths: readonly string[]): ReadonlyMap<NodeId, Directory> {
  const root = pseudoNode('/')
  const directories = new Map<NodeId, Directory>([[root, { parent: root, children: new Map(), change: undefined }]])
  for (const path of [...paths].sort()) {
    let at = ''
    let parent = root
    for (const name of path.split('/').filter((step) => step !== '')) {
      at += `/${name}`
      const node = pseudoNode(at)
      directories.get(parent)?.children.set(byteStringOf(name), node)
      if (!directories.has(node)) directories.set(node, { parent, children: new Map(), change: undefined })
      parent = node
    }
  }
  return directories
}
