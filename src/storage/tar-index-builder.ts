import type { Extent, PlacedEntry } from '../formats/tar/entry.ts'
import { type ByteString, bytesOf, textOf } from '../wire/bytestring.ts'
import { WireError } from '../wire/error.ts'
import type { FileType } from './file-tree.ts'
import type { TarIndex } from './tar-index.ts'
import { packIndex } from './tar-index-pack.ts'

/** A node while the archive is being read. */
export interface Draft {
  readonly type: FileType
  /** Place of its entry in the archive, from 1; 0 as long as a directory has none. */
  number: number
  mode: number
  uid: number
  gid: number
  size: number
  modified: PlacedEntry['modified']
  xattrs: ReadonlyMap<string, Uint8Array>
  device: PlacedEntry['device']
  readonly extents: readonly Extent[]
  readonly target: ByteString
  /** Of directories. */
  readonly children: Map<ByteString, Draft>
  readonly parent: Draft | undefined
}

const MOST_LINKS = 40 // as the kernel

/** Makes a tree of the entries of an archive, in their order. A later entry replaces an earlier one of its name. */
export class TarIndexBuilder {
  readonly #root = directoryDraft(undefined)
  #entries = 0

  /** @throws {WireError} naming the entry, if it or what it links to lies outside the tree */
  add(entry: PlacedEntry): void {
    const number = ++this.#entries
    const names = splitName(entry.name, entry)
    const last = names.pop()
    if (last === undefined) return this.#describe(this.#root, entry, number)
    const parent = this.#directory(names, entry)
    const before = parent.children.get(last)
    if (entry.type === 'hardlink') parent.children.set(last, this.#linkTarget(entry))
    else if (entry.type === 'directory' && before?.type === 'directory') this.#describe(before, entry, number)
    else parent.children.set(last, draftOf(entry, number, parent))
  }

  /** The tree, when the last entry was added. */
  finish(): TarIndex {
    return packIndex(this.#root, this.#entries)
  }

  #describe(directory: Draft, entry: PlacedEntry, number: number): void {
    if (entry.type !== 'directory') throw refuse(entry, `is the root, but a ${entry.type}, want a directory`)
    if (directory.number === 0) directory.number = number
    const { mode, uid, gid, modified, xattrs } = entry
    Object.assign(directory, { mode, uid, gid, modified, xattrs })
  }

  #linkTarget(entry: PlacedEntry): Draft {
    const names = splitName(entry.linkName, entry)
    const last = names.pop() ?? ''
    const target = this.#directory(names, entry, 'find')?.children.get(last)
    const shown = `is a hard link to "${textOf(entry.linkName)}"`
    if (target === undefined) throw refuse(entry, `${shown}, which does not come before it`)
    if (target.type === 'directory') throw refuse(entry, `${shown}, a directory`)
    return target
  }

  #directory(names: readonly ByteString[], entry: PlacedEntry): Draft
  #directory(names: readonly ByteString[], entry: PlacedEntry, missing: 'find'): Draft | undefined
  /** Goes down from the root, through symlinks as long as they stay in the tree; makes directories that are missing. */
  #directory(names: readonly ByteString[], entry: PlacedEntry, missing?: 'find'): Draft | undefined {
    const rest = [...names].reverse()
    let at = this.#root
    for (let links = 0, name = rest.pop(); name !== undefined; name = rest.pop()) {
      const next = name === '..' ? at.parent : at.children.get(name)
      if (next === undefined) {
        if (name === '..') throw refuse(entry, 'goes through a symlink that leads out of the tree')
        if (missing === 'find') return undefined
        const made = directoryDraft(at)
        at.children.set(name, made)
        at = made
      } else if (next.type === 'symlink') {
        if (++links > MOST_LINKS) throw refuse(entry, 'goes through a loop of symlinks')
        rest.push(...stepsOf(next, name, entry).reverse())
      } else if (next.type === 'directory') at = next
      else throw refuse(entry, `lies below "${textOf(name)}", which is a ${next.type}, want a directory`)
    }
    return at
  }
}

/** An absolute link would lead whoever unpacks the archive out of the tree. */
function stepsOf(link: Draft, name: ByteString, entry: PlacedEntry): ByteString[] {
  if (!link.target.startsWith('/')) return link.target.split('/').filter((part) => part !== '' && part !== '.')
  const shown = `"${textOf(name)}" -> "${textOf(link.target)}"`
  throw refuse(entry, `goes through the symlink ${shown}, which leads out of the tree`)
}

/** Components of a name. A leading `/` or `./` is everyday and dropped; `..` is not. */
function splitName(name: ByteString, entry: PlacedEntry): ByteString[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw refuse(entry, `has ".." in "${textOf(name)}", want a path inside the tree`)
  if (name.includes('\0')) throw refuse(entry, 'has a NUL in its name')
  if (name === '') throw refuse(entry, 'has an empty name')
  return parts
}

function refuse(entry: PlacedEntry, problem: string): WireError {
  return new WireError('tar', entry.offset, `the entry "${textOf(entry.name)}" ${problem}`)
}

function draftOf(entry: PlacedEntry, number: number, parent: Draft): Draft {
  const { mode, uid, gid, modified, xattrs, device, extents, linkName } = entry
  const type = entry.type === 'hardlink' ? 'file' : entry.type
  const size = type === 'symlink' ? bytesOf(linkName).byteLength : entry.size
  const common = { number, mode, uid, gid, size, modified, xattrs, device, extents }
  return { ...common, type, target: linkName, children: new Map(), parent }
}

/** A directory without an entry of its own: root's, open to everybody. */
function directoryDraft(parent: Draft | undefined): Draft {
  return {
    type: 'directory',
    number: 0,
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    modified: { seconds: 0, nanoseconds: 0 },
    xattrs: new Map(),
    device: { major: 0, minor: 0 },
    extents: [],
    target: '',
    children: new Map(),
    parent,
  }
}
