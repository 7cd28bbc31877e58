import { type BigIntStats, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Awaitable, ByteSource } from './byte-source.ts'
import type { DirectoryFiles, ServedFile } from './directory-files.ts'

/** A served file whose source several readers may have at the same time. */
export interface SharedFile extends Omit<ServedFile, 'source'> {
  readonly source: ByteSource
}

/** An open file and who reads it. */
interface Open {
  readonly file: ServedFile
  /** What the file was like when it was opened; undefined if it was none already. */
  readonly state: State | undefined
  readers: number
  /** When the last reader went, milliseconds. */
  idleSince: number
}

/** Milliseconds that a file stays open after its last reader. */
const IDLE_MS = 1000
/** Files that are kept open, used or not. */
const MOST = 128

/**
 * The files of a directory, kept open for a moment: many machines ask for the same few, and looking at a name's every
 * step takes longer than sending a small file. Each time the file system is asked whether it is still the same file.
 */
export class OpenFiles {
  readonly #files: DirectoryFiles
  readonly #root: string
  readonly #open = new Map<string, Open>()
  #isTimed = false

  /** @param root of the directory, to ask for the state of a file */
  constructor(files: DirectoryFiles, root: string) {
    this.#files = files
    this.#root = root
  }

  /** Opens a file; its source is to be closed. @throws {FileRefusal} as `DirectoryFiles.openFile` does */
  openFile(name: string): Awaitable<SharedFile> {
    const open = this.#open.get(name)
    if (open !== undefined && isSame(stateOf(join(this.#root, name)), open.state)) return this.#shared(open)
    return this.#openAnew(name)
  }

  async #openAnew(name: string): Promise<SharedFile> {
    const file = await this.#files.openFile(name)
    const state = stateOf(join(this.#root, name)) // of what the name means now: a link may lead elsewhere the next time
    const old = this.#open.get(name)
    if (old !== undefined) this.#forget(name, old)
    const open = { file, state, readers: 0, idleSince: 0 }
    if (this.#open.size < MOST && file.version === versionOf(state)) this.#open.set(name, open)
    return this.#shared(open)
  }
  #shared(open: Open): SharedFile {
    open.readers += 1
    let closed = false
    const { source } = open.file
    const close = async (): Promise<void> => {
      if (closed) return
      closed = true
      open.readers -= 1
      open.idleSince = performance.now()
      if (open.readers === 0) await this.#idle(open)
    }
    const shared = { size: source.size, read: source.read.bind(source), close, place: source.place }
    return { ...open.file, source: shared }
  }
  async #idle(open: Open): Promise<void> {
    if (![...this.#open.values()].includes(open)) await open.file.source.close()
    else this.#closeLater()
  }
  #closeLater(): void {
    if (this.#isTimed) return
    this.#isTimed = true
    setTimeout(() => this.#closeIdle(), IDLE_MS).unref()
  }
  #closeIdle(): void {
    this.#isTimed = false
    const now = performance.now()
    for (const [name, open] of this.#open) {
      if (open.readers === 0 && now - open.idleSince >= IDLE_MS / 2) this.#forget(name, open)
    }
    if (this.#open.size > 0) this.#closeLater()
  }
  #forget(name: string, open: Open): void {
    this.#open.delete(name)
    if (open.readers === 0) void open.file.source.close()
  }
}

/** What is equal as long as a file is the same. */
type State = Pick<BigIntStats, 'ino' | 'size' | 'mtimeNs'>

function stateOf(path: string): State | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })
}
function isSame(one: State | undefined, other: State | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return one.ino === other.ino && one.size === other.size && one.mtimeNs === other.mtimeNs
}
/** In the form of `ServedFile.version`; empty if there is none. */
function versionOf(state: State | undefined): string {
  if (state === undefined) return ''
  return [state.ino, state.size, state.mtimeNs].map((value) => value.toString(36)).join('-')
}
