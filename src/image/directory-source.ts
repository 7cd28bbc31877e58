import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, lstat, open, readdir, readlink } from 'node:fs/promises'
import { relative } from 'node:path'
import type { TarEntry, TarEntryType } from '../formats/tar/entry.ts'
import type { SparseRun } from '../formats/tar/sparse.ts'
import { encodeEntry, END_OF_ARCHIVE, type NewEntry, paddingAfter } from '../formats/tar/writer.ts'
import { deviceOf, timeOf } from '../storage/host-stats.ts'
import { readXattrsBelow, type XattrsByPath } from '../storage/xattrs.ts'
import { type ByteString, byteStringFrom, byteStringOf, bytesOf, textOf } from '../wire/bytestring.ts'
import { StoreError } from './release.ts'

export interface ArchiveOptions {
  /** A directory that is not archived, such as the store when it lies inside. */
  readonly leaveOut?: string
  readonly onWarning?: (text: string) => void
}

const CHUNK = 1 << 20
const PAGE = 4096

/**
 * A directory of this host as a PAX archive. Names are sorted, so the same directory gives the same bytes. What is
 * mounted inside (only the mount point stays) and sockets are left out, as `tar --one-file-system` does.
 *
 * @throws {StoreError} if something in it may not be read, or changes meanwhile
 */
export async function* archiveDirectory(root: string, options: ArchiveOptions = {}): AsyncGenerator<Uint8Array> {
  const xattrs = await readXattrsBelow(root)
  if (xattrs === undefined) {
    options.onWarning?.(
      'getfattr is missing: extended attributes, such as file capabilities, are left out (package attr)',
    )
  }
  yield* new Archiver(root, xattrs ?? new Map(), options.leaveOut).run()
  yield END_OF_ARCHIVE
}

class Archiver {
  readonly #root: Buffer
  readonly #xattrs: XattrsByPath
  readonly #leaveOut: ByteString | undefined
  /** Files with several names, by inode: the first name that was met. */
  readonly #linked = new Map<bigint, ByteString>()

  constructor(root: string, xattrs: XattrsByPath, leaveOut: string | undefined) {
    this.#root = Buffer.from(`${root}/`)
    this.#xattrs = xattrs
    const inside = leaveOut === undefined ? '..' : relative(root, leaveOut)
    this.#leaveOut = inside.startsWith('..') ? undefined : byteStringOf(inside)
  }

  async *run(): AsyncGenerator<Uint8Array> {
    const stats = await lstat(this.#pathOf('.'), { bigint: true })
    yield* this.#add('.', stats)
    yield* this.#below('', stats.dev)
  }

  async *#below(directory: ByteString, device: bigint): AsyncGenerator<Uint8Array> {
    const names = await this.#attempt(directory, (path) => readdir(path, { encoding: 'buffer' }))
    for (const name of names.map(byteStringFrom).sort()) {
      const path = directory === '' ? name : `${directory}/${name}`
      const stats = await this.#attempt(path, (full) => lstat(full, { bigint: true }))
      const isForeign = stats.dev !== device
      if (path === this.#leaveOut || stats.isSocket() || (isForeign && !stats.isDirectory())) continue
      yield* this.#add(path, stats)
      if (stats.isDirectory() && !isForeign) yield* this.#below(path, device)
    }
  }

  async *#add(name: ByteString, stats: BigIntStats): AsyncGenerator<Uint8Array> {
    const entry = await this.#entryOf(name, stats)
    if (entry.type === 'file') yield* this.#addFile(name, entry, stats)
    else yield encodeEntry(entry)
  }

  async *#addFile(name: ByteString, entry: TarEntry, stats: BigIntStats): AsyncGenerator<Uint8Array> {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW
    await using file = await this.#attempt(name, (path) => open(path, flags))
    const isSparse = Number(stats.blocks) * 512 < entry.size
    const whole: NewEntry = isSparse ? { ...entry, runs: await findRuns(file, entry.size) } : entry
    yield encodeEntry(whole)
    for (const run of whole.runs ?? [{ fileOffset: 0, length: entry.size }]) yield* contentOf(file, run, textOf(name))
    yield paddingAfter(whole)
  }

  async #entryOf(name: ByteString, stats: BigIntStats): Promise<TarEntry> {
    const first = stats.nlink > 1n && !stats.isDirectory() ? this.#linked.get(stats.ino) : undefined
    if (first === undefined && stats.nlink > 1n) this.#linked.set(stats.ino, name)
    const type = first === undefined ? typeOf(stats) : 'hardlink'
    const linkName = type === 'symlink' ? await this.#attempt(name, (path) => readlink(path, 'buffer')) : undefined
    const isDevice = type === 'character' || type === 'block'
    return {
      name: type === 'directory' ? `${name}/` : name,
      type,
      mode: Number(stats.mode) & 0o7777,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      size: type === 'file' ? Number(stats.size) : 0,
      modified: timeOf(stats.mtimeNs),
      linkName: first ?? (linkName === undefined ? '' : byteStringFrom(linkName)),
      device: isDevice ? deviceOf(stats.rdev) : { major: 0, minor: 0 },
      xattrs: (first === undefined ? this.#xattrs.get(name) : undefined) ?? new Map(),
    }
  }

  async #attempt<T>(name: ByteString, action: (path: Buffer) => Promise<T>): Promise<T> {
    return action(this.#pathOf(name)).catch((cause: unknown) => {
      const advice = 'run as root, or make a tar archive of it where it may be read'
      throw new StoreError(`Cannot read ${textOf(name)}; ${advice}`, { cause })
    })
  }
  #pathOf(name: ByteString): Buffer {
    return Buffer.concat([this.#root, bytesOf(name)])
  }
}

async function* contentOf(file: FileHandle, run: SparseRun, name: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < run.length; ) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, run.length - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, run.fileOffset + at)
    if (bytesRead === 0) throw new StoreError(`Cannot read ${name}: it became shorter while it was read; try again`)
    yield chunk.subarray(0, bytesRead)
    at += bytesRead
  }
}

/** Where a file has content: Node cannot ask the system for its holes, so pages of zeros are taken for them. */
async function findRuns(file: FileHandle, size: number): Promise<SparseRun[]> {
  const runs: SparseRun[] = []
  const chunk = Buffer.alloc(CHUNK)
  for (let at = 0; at < size; at += CHUNK) {
    const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK, size - at), at)
    for (let page = 0; page < bytesRead; page += PAGE) {
      const length = Math.min(PAGE, bytesRead - page)
      const last = runs.at(-1)
      if (ZEROS.compare(chunk, page, page + length, 0, length) === 0) continue
      if (last !== undefined && last.fileOffset + last.length === at + page) {
        runs[runs.length - 1] = { fileOffset: last.fileOffset, length: last.length + length }
      } else runs.push({ fileOffset: at + page, length })
    }
  }
  const last = runs.at(-1)
  const end = last === undefined ? 0 : last.fileOffset + last.length
  return end === size ? runs : [...runs, { fileOffset: size, length: 0 }] // GNU tar takes the length from the map
}
const ZEROS = Buffer.alloc(PAGE)

function typeOf(stats: BigIntStats): TarEntryType {
  if (stats.isDirectory()) return 'directory'
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isCharacterDevice()) return 'character'
  if (stats.isBlockDevice()) return 'block'
  return stats.isFIFO() ? 'fifo' : 'file'
}
