import type { KeepFull, KeepRoom } from '../fleet/keep-events.ts'
import type { TreeErrorCode, WritableTree } from '../storage/writable-tree.ts'

/** How long a disk is taken to be full before somebody looks again. */
const LOOK_AGAIN_MS = 60_000
/** Less than that is no room: the next program would find it full. */
const ROOM_BYTES = 1024 * 1024

/** Tells once that there is no room for what a machine writes, and once that there is again. */
export class KeepRoomWatch implements Disposable {
  readonly #tree: Pick<WritableTree, 'space'>
  readonly #tell: (event: KeepFull | KeepRoom) => void
  #timer: NodeJS.Timeout | undefined

  /** @param wasFull it was told before, by a server that has ended */
  constructor(tree: Pick<WritableTree, 'space'>, tell: (event: KeepFull | KeepRoom) => void, wasFull = false) {
    this.#tree = tree
    this.#tell = tell
    if (wasFull) this.#lookLater()
  }

  /** A change was refused. */
  refused(code: TreeErrorCode): void {
    const isQuota = code === 'EDQUOT'
    if ((code !== 'ENOSPC' && !isQuota) || this.#timer !== undefined) return
    this.#tell({ type: 'keep.full', at: Date.now(), isQuota })
    this.#lookLater()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #lookLater(): void {
    this.#timer = setInterval(() => void this.#look(), LOOK_AGAIN_MS).unref()
  }

  /** What a quota leaves the system does not say: the next refusal tells it again. */
  async #look(): Promise<void> {
    const space = await (async () => this.#tree.space())().catch(() => undefined)
    if (this.#timer === undefined || space === undefined || space.availableBytes < ROOM_BYTES) return
    this[Symbol.dispose]()
    this.#tell({ type: 'keep.room', at: Date.now() })
  }
}
