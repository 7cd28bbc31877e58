import type { ByteString } from '../../wire/bytestring.ts'
import type { Awaitable } from '../byte-source.ts'
import type { NodeId } from '../file-tree.ts'
import { type Created, type CreateMode, type Ownership, TreeError } from '../writable-tree.ts'
import { checkName } from '../writable/names.ts'
import type { CopyUp, Name } from './copy-up.ts'
import { OPAQUE, OPAQUE_VALUE, isWhiteout } from './format.ts'
import type { Layers, Sides } from './layers.ts'
import { type Look, look } from './look.ts'
import { Swaps } from './swaps.ts'

/** Makes something new in the work directory and gives its node. */
type Make = (directory: NodeId, name: ByteString) => Awaitable<NodeId>

/** The changes of names in an overlay. Only one at a time: the caller holds the mutex. */
export class Changes {
  readonly #layers: Layers
  readonly #copyUp: CopyUp
  readonly #swaps: Swaps

  constructor(layers: Layers, copyUp: CopyUp) {
    this.#layers = layers
    this.#copyUp = copyUp
    this.#swaps = new Swaps(layers.parts, copyUp)
  }

  async createFile(directory: NodeId, name: ByteString, owner: Ownership, mode: CreateMode): Promise<Created> {
    const found = await this.#look(directory, name)
    const { upper: tree } = this.#layers.parts
    if (found.node !== undefined) return this.#existing(directory, name, owner, mode, found)
    const make: Make = async (at, called) => (await tree.createFile(at, called, owner, mode)).node
    return { node: await this.#add(directory, name, found, 'file', make), made: true }
  }

  /** Only what lies in the upper tree can have been made with a verifier. */
  async #existing(
    directory: NodeId,
    name: ByteString,
    owner: Ownership,
    mode: CreateMode,
    { node, upper, lower }: Look,
  ): Promise<Created> {
    const { upper: tree, lower: below } = this.#layers.parts
    const sides = this.#layers.sides(directory)
    if (upper !== undefined && sides.upper !== undefined) {
      const created = await tree.createFile(sides.upper, name, owner, mode)
      return { node: this.#layers.numberOf(created.node), made: created.made }
    }
    const isFile = lower !== undefined && (await below.attributes(lower)).type === 'file'
    if (mode.kind !== 'unchecked' || !isFile || node === undefined)
      throw new TreeError('EEXIST', 'The name is there already')
    return { node, made: false }
  }

  /** Makes a directory, symlink or special file under a name that is free. */
  async make(directory: NodeId, name: ByteString, type: 'directory' | 'other', make: Make): Promise<NodeId> {
    const found = await this.#look(directory, name)
    if (found.node !== undefined) throw new TreeError('EEXIST', 'The name is there already')
    return this.#add(directory, name, found, type === 'directory' ? 'directory' : 'file', make)
  }

  async link(node: NodeId, directory: NodeId, name: ByteString): Promise<void> {
    const { upper: tree, lower: below } = this.#layers.parts
    const { lower } = this.#layers.sides(node)
    if (lower !== undefined && (await below.attributes(lower)).type === 'directory') {
      throw new TreeError('EPERM', 'A directory has one name')
    }
    await this.make(directory, name, 'other', async (at, called) => {
      const upper = await this.#copyUp.node(node)
      await tree.link(upper, at, called)
      return upper
    })
  }

  async unlink(directory: NodeId, name: ByteString): Promise<void> {
    const found = await this.#present(directory, name)
    if (await this.#isDirectory(found)) throw new TreeError('EISDIR', 'It is a directory')
    const parent = await this.#copyUp.node(directory)
    if (found.lower === undefined) await this.#layers.parts.upper.unlink(parent, name)
    else await this.#swaps.whiteOut({ directory: parent, name }, found.upper)
    await this.#settle(directory, name)
  }

  async removeDirectory(directory: NodeId, name: ByteString): Promise<void> {
    const found = await this.#present(directory, name)
    if (!(await this.#isDirectory(found))) throw new TreeError('ENOTDIR', 'It is no directory')
    await this.#checkEmpty(found)
    const parent = await this.#copyUp.node(directory)
    if (found.lower === undefined) await this.#clear(parent, name)
    else await this.#swaps.whiteOut({ directory: parent, name }, found.upper)
    await this.#settle(directory, name)
  }

  /** @throws {TreeError} EXDEV for a directory of the release: programs then copy it, as on every overlay */
  async rename(from: NodeId, name: ByteString, to: NodeId, newName: ByteString): Promise<void> {
    const moved = await this.#present(from, name)
    const replaced = await this.#look(to, newName)
    if (moved.node === replaced.node) return // two names of one node
    await this.#checkRename(moved, replaced)
    if (moved.node !== undefined) await this.#copyUp.node(moved.node)
    const source = await this.#copyUp.node(from)
    const target = await this.#copyUp.node(to)
    try {
      await this.#moveUpper({ source, name, target, newName }, moved, replaced)
    } finally {
      await this.#settle(from, name)
      await this.#settle(to, newName)
    }
  }

  async #checkRename(moved: Look, replaced: Look): Promise<void> {
    const isDirectory = await this.#isDirectory(moved)
    const isPure = moved.node !== undefined && this.#layers.sides(moved.node).lower === undefined
    if (isDirectory && !isPure) throw new TreeError('EXDEV', 'A directory of the release cannot be moved, only copied')
    if (replaced.node === undefined) return
    const replacesDirectory = await this.#isDirectory(replaced)
    if (isDirectory && !replacesDirectory) throw new TreeError('ENOTDIR', 'A directory cannot replace a file')
    if (!isDirectory && replacesDirectory) throw new TreeError('EISDIR', 'A file cannot replace a directory')
    if (replacesDirectory) await this.#checkEmpty(replaced)
  }

  async #moveUpper(
    at: { readonly source: NodeId; readonly name: ByteString; readonly target: NodeId; readonly newName: ByteString },
    moved: Look,
    replaced: Look,
  ): Promise<void> {
    const { upper: tree } = this.#layers.parts
    const [from, to] = [
      { directory: at.source, name: at.name },
      { directory: at.target, name: at.newName },
    ]
    if (await this.#isDirectory(moved)) {
      if (moved.upper !== undefined && replaced.lower !== undefined) await this.#makeOpaque(moved.upper.node)
      if (replaced.upper !== undefined) {
        if (await this.#isSwapped(from, to, replaced.upper, moved.lower !== undefined)) return
        await this.#makeEmpty(to, replaced.upper, replaced.lower !== undefined)
      }
    }
    if (moved.lower === undefined) await tree.rename(at.source, at.name, at.target, at.newName)
    else await this.#swaps.moveFrom(from, to)
  }

  /** A directory that goes where a whiteout is changes places with it; false where that cannot be. */
  async #isSwapped(from: Name, to: Name, { attributes }: NonNullable<Look['upper']>, isAbove: boolean) {
    if (!isWhiteout(attributes) || !(await this.#swaps.isSwapped(from, to))) return false
    if (!isAbove) await this.#layers.parts.upper.unlink(from.directory, from.name)
    return true
  }

  /** In place of a whiteout, or of a directory that looks empty, one that is: another can replace that in one step. */
  async #makeEmpty(at: Name, { attributes }: NonNullable<Look['upper']>, isAbove: boolean): Promise<void> {
    const { upper: tree, work } = this.#layers.parts
    const staged = this.#copyUp.newName()
    try {
      const node = await tree.makeDirectory(work, staged, attributes)
      if (isAbove) await this.#makeOpaque(node)
      await this.#swaps.place(staged, true, at, { attributes })
    } catch (error) {
      await this.#copyUp.discard(staged)
      throw error
    }
  }

  /** Puts something new in place of nothing, or of a whiteout. */
  async #add(
    directory: NodeId,
    name: ByteString,
    found: Look,
    type: 'directory' | 'file',
    make: Make,
  ): Promise<NodeId> {
    const { work } = this.#layers.parts
    const parent = await this.#copyUp.node(directory)
    if (found.upper === undefined && found.lower === undefined) return this.#layers.numberOf(await make(parent, name))
    const staged = this.#copyUp.newName()
    try {
      const node = await make(work, staged)
      if (type === 'directory' && found.lower !== undefined) await this.#makeOpaque(node)
      await this.#swaps.place(staged, type === 'directory', { directory: parent, name }, found.upper)
      await this.#settle(directory, name)
      return this.#layers.numberOf(node)
    } catch (error) {
      await this.#copyUp.discard(staged)
      throw error
    }
  }

  async #makeOpaque(node: NodeId): Promise<void> {
    await this.#layers.parts.upper.setXattr(node, OPAQUE, OPAQUE_VALUE, 'either')
    this.#layers.opaque.add(node)
  }

  /** Takes away an upper entry with all that is in it: of a directory that looks empty, whiteouts. */
  async #clear(parent: NodeId, name: ByteString): Promise<void> {
    const { upper: tree, work } = this.#layers.parts
    const staged = this.#copyUp.newName()
    await tree.rename(parent, name, work, staged)
    await this.#copyUp.discard(staged)
  }

  /** Notes what a name hides now. */
  async #settle(directory: NodeId, name: ByteString): Promise<void> {
    const sides = this.#layers.sides(directory)
    const { upper, lower, node } = await look(this.#layers, sides, name)
    if (sides.lower === undefined || lower === undefined) return
    this.#layers.hide(sides.lower, name, upper !== undefined && node !== lower)
  }

  async #checkEmpty({ node }: Look): Promise<void> {
    if (node === undefined) return
    const { upper, lower } = this.#layers.sides(node)
    const { upper: above, lower: below } = this.#layers.parts
    const whited = new Set<ByteString>()
    for (const entry of upper === undefined ? [] : await above.list(upper)) {
      if (!isWhiteout(await above.attributes(entry.node)))
        throw new TreeError('ENOTEMPTY', 'The directory is not empty')
      whited.add(entry.name)
    }
    const left = lower === undefined ? [] : await below.list(lower)
    if (left.some((entry) => !whited.has(entry.name))) throw new TreeError('ENOTEMPTY', 'The directory is not empty')
  }

  async #isDirectory({ upper, lower }: Look): Promise<boolean> {
    if (upper !== undefined) return upper.attributes.type === 'directory'
    return lower !== undefined && (await this.#layers.parts.lower.attributes(lower)).type === 'directory'
  }

  async #present(directory: NodeId, name: ByteString): Promise<Look> {
    const found = await this.#look(directory, name)
    if (found.node === undefined) throw new TreeError('ENOENT', 'There is no such name')
    return found
  }

  async #look(directory: NodeId, name: ByteString): Promise<Look> {
    checkName(name)
    const sides: Sides = this.#layers.sides(directory)
    const { upper, lower } = this.#layers.parts
    const tree = sides.upper === undefined ? lower : upper
    const { type } = await tree.attributes(sides.upper ?? sides.lower ?? directory)
    if (type !== 'directory') throw new TreeError('ENOTDIR', 'It is no directory')
    return look(this.#layers, sides, name)
  }
}
