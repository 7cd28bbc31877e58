import type { ByteString } from '../../wire/bytestring.ts'
import type { LiveAttributes } from '../writable-tree.ts'
import { codeOf } from '../writable/errors.ts'
import type { CopyUp, Name } from './copy-up.ts'
import { WHITEOUT, WHITEOUT_OWNER } from './format.ts'
import type { OverlayParts } from './layers.ts'

/** What lies under a name of the upper tree. */
export interface There {
  readonly attributes: LiveAttributes
}

/**
 * Changes of names in the upper tree that are one step, for whoever looks and for a server that is killed or finds the
 * disk full: all is as it was, or as it should be. Where the file system has no such step it is two, with nothing in
 * between that needs room.
 */
export class Swaps {
  readonly #parts: OverlayParts
  readonly #copyUp: CopyUp

  constructor(parts: OverlayParts, copyUp: CopyUp) {
    this.#parts = parts
    this.#copyUp = copyUp
  }

  /** Puts what was made in the work directory in the place of a name. What was there, and all in it, is gone then. */
  async place(staged: ByteString, isDirectory: boolean, at: Name, there: There | undefined): Promise<void> {
    const { upper, work } = this.#parts
    const isOneStep = there === undefined || (!isDirectory && there.attributes.type !== 'directory')
    if (isOneStep) return upper.rename(work, staged, at.directory, at.name)
    if (await this.isSwapped({ directory: work, name: staged }, at)) return this.#copyUp.discard(staged)
    const aside = this.#copyUp.newName()
    await upper.rename(at.directory, at.name, work, aside)
    await upper.rename(work, staged, at.directory, at.name)
    await this.#copyUp.discard(aside)
  }

  /** What two names lead to has changed places; false where the file system has no such step. */
  isSwapped(one: Name, other: Name): Promise<boolean> {
    return isDone(() => this.#parts.upper.exchange(one.directory, one.name, other.directory, other.name))
  }

  /** Puts a whiteout in the place of a name. */
  async whiteOut(at: Name, there: There | undefined): Promise<void> {
    const staged = await this.#makeWhiteout()
    await this.place(staged, false, at, there).catch((error: unknown) => this.#undo(staged, error))
  }

  /** Moves a name and leaves a whiteout where it was. */
  async moveFrom(from: Name, to: Name): Promise<void> {
    const { upper, work } = this.#parts
    const isMoved = await isDone(() => upper.renameToWhiteout(from.directory, from.name, to.directory, to.name))
    if (isMoved) return
    const staged = await this.#makeWhiteout()
    const move = async (): Promise<void> => upper.rename(from.directory, from.name, to.directory, to.name)
    await move().catch((error: unknown) => this.#undo(staged, error))
    await upper.rename(work, staged, from.directory, from.name)
  }

  async #makeWhiteout(): Promise<ByteString> {
    const { upper, work } = this.#parts
    const staged = this.#copyUp.newName()
    await upper.makeNode(work, staged, WHITEOUT, WHITEOUT_OWNER)
    return staged
  }
  async #undo(staged: ByteString, error: unknown): Promise<never> {
    await this.#copyUp.discard(staged)
    throw error
  }
}

/** False where the file system has no such step. */
async function isDone(step: () => unknown): Promise<boolean> {
  try {
    await step()
    return true
  } catch (error) {
    if (['EINVAL', 'ENOTSUP'].includes(codeOf(error) ?? '')) return false
    throw error
  }
}
