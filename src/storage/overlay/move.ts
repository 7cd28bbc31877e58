import { join } from 'node:path'
import type { ByteString } from '../../wire/bytestring.ts'
import type { FileTree, NodeId } from '../file-tree.ts'
import { WritableDirectory } from '../writable-directory.ts'
import { claim } from '../../sys/claim.ts'
import { OPAQUE, isWhiteout } from './format.ts'
import { OtherReleaseError, releaseOf, tieTo } from './parts.ts'
import { isSame } from './same.ts'

/** A release, and what says which one it is. */
export interface OverlayRelease {
  readonly tree: FileTree
  readonly key: string
}

/** What the client did with a name that the new release has otherwise than the old one. The client's side stays. */
export interface Conflict {
  readonly path: ByteString
  /** On the client: it was made, changed or deleted. */
  readonly here: 'made' | 'changed' | 'deleted'
  /** In the new release: it is there now, it changed, it is gone. */
  readonly release: 'added' | 'changed' | 'removed'
}

interface Step {
  readonly path: ByteString
  readonly upper: NodeId
  /** The directory of that path in the releases, where it is seen through. */
  readonly from: NodeId | undefined
  readonly to: NodeId | undefined
}

/**
 * Puts a client's directory above another release, and tells what both sides changed. Nothing that the client has is
 * lost; deletions of what the new release does not have are dropped. The overlay must not be open.
 *
 * @param options.dryRun tells only
 * @throws {OtherReleaseError} if the directory is above another release than `from`, {@link InUseError}
 */
export async function moveOverlay(
  directory: string,
  from: OverlayRelease,
  to: OverlayRelease,
  options: { readonly dryRun?: boolean } = {},
): Promise<readonly Conflict[]> {
  const known = await releaseOf(directory)
  if (known !== from.key) {
    throw new OtherReleaseError(`${directory} holds changes of release ${known ?? 'none'}, not of ${from.key}`)
  }
  await using claimed = new AsyncDisposableStack()
  if (options.dryRun !== true) claimed.defer(await claim(directory))
  await using upper = await WritableDirectory.open(join(directory, 'upper'))
  const move = new Move(upper, from.tree, to.tree)
  await move.walk({ path: '', upper: upper.root, from: from.tree.root, to: to.tree.root })
  if (options.dryRun === true) return move.conflicts
  await tieTo(directory, to.key) // first: a deletion too many hides nothing, one too few shows what was deleted
  await move.dropIdle()
  return move.conflicts
}

class Move {
  readonly conflicts: Conflict[] = []
  readonly #upper: WritableDirectory
  readonly #from: FileTree
  readonly #to: FileTree
  /** Whiteouts that hide nothing any more. */
  readonly #idle: { readonly directory: NodeId; readonly name: ByteString }[] = []

  constructor(upper: WritableDirectory, from: FileTree, to: FileTree) {
    this.#upper = upper
    this.#from = from
    this.#to = to
  }

  async walk(step: Step): Promise<void> {
    for (const { name, node } of await this.#upper.list(step.upper)) {
      const path = step.path === '' ? name : `${step.path}/${name}`
      const from = step.from === undefined ? undefined : await this.#from.lookup(step.from, name)
      const to = step.to === undefined ? undefined : await this.#to.lookup(step.to, name)
      const attributes = await this.#upper.attributes(node)
      if (isWhiteout(attributes)) {
        if (to === undefined) this.#idle.push({ directory: step.upper, name })
        else await this.#compare(path, 'deleted', from, to)
      } else if (attributes.type === 'directory') await this.#enter({ path, upper: node, from, to })
      else await this.#compare(path, from === undefined ? 'made' : 'changed', from, to)
    }
  }
  async dropIdle(): Promise<void> {
    for (const { directory, name } of this.#idle) await this.#upper.unlink(directory, name)
  }

  async #enter({ path, upper, from, to }: Step): Promise<void> {
    const below = {
      from: await this.#directory(this.#from, from),
      to: await this.#directory(this.#to, to),
    }
    const isOpaque = (await this.#upper.extendedAttributes(upper)).has(OPAQUE)
    const hides = isOpaque || (to !== undefined && below.to === undefined)
    if (hides) await this.#compare(path, from === undefined ? 'made' : 'changed', from, to)
    await this.walk({ path, upper, from: isOpaque ? undefined : below.from, to: isOpaque ? undefined : below.to })
  }

  async #directory(tree: FileTree, node: NodeId | undefined): Promise<NodeId | undefined> {
    return node !== undefined && (await tree.attributes(node)).type === 'directory' ? node : undefined
  }

  async #compare(
    path: ByteString,
    here: Conflict['here'],
    from: NodeId | undefined,
    to: NodeId | undefined,
  ): Promise<void> {
    if (from === undefined && to === undefined) return
    if (from === undefined) this.conflicts.push({ path, here, release: 'added' })
    else if (to === undefined) this.conflicts.push({ path, here, release: 'removed' })
    else if (!(await isSame({ tree: this.#from, node: from }, { tree: this.#to, node: to }))) {
      this.conflicts.push({ path, here, release: 'changed' })
    }
  }
}
