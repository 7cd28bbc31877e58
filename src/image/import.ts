import { createReadStream } from 'node:fs'
import { stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { openTarTree } from '../storage/tar-tree.ts'
import type { TarIndex } from '../storage/tar-index.ts'
import { saveTarIndex } from '../storage/tar-index-file.ts'
import { decompress } from './decompress.ts'
import { archiveDirectory } from './directory-source.ts'
import { inspectRoot, type RootInfo } from './inspect.ts'
import { checkImageName, type ReleaseInfo, StoreError } from './release.ts'
import { checkRoom, fullError, isFull, type WrittenArchive, writeRootArchive } from './root-archive.ts'
import { keepStamp } from './stamp.ts'
import type { ReleaseStore, Stage } from './store.ts'

export interface ImportProgress {
  /** Bytes read of the source, compressed as it may be, and how many there are if that is known. */
  readonly read: number
  readonly total: number | undefined
  /** Bytes of the archive that were written. */
  readonly written: number
}

export interface ImportOptions {
  /** Stops, and leaves nothing behind. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: ImportProgress) => void
  /** What is told of something worth knowing that does not stop the import. */
  readonly onWarning?: (text: string) => void
}

export interface Imported {
  readonly info: ReleaseInfo
  /** False if the store had this very release already. */
  readonly isNew: boolean
}

interface Source {
  readonly bytes: AsyncIterable<Uint8Array>
  /** For people: where it comes from. */
  readonly name: string
  /** Bytes, where that is known. */
  readonly size?: number
  /** Digest of the recipe that it is built from. */
  readonly recipe?: string
  /** What is done with it, for messages. */
  readonly verb?: 'import' | 'build'
}

/**
 * Makes a release of a root archive (plain or compressed with gzip, xz, zstd), of a directory, or of standard input
 * (`-`), and the current one of an image.
 *
 * @throws {StoreError} with the cause, if it cannot be read, is no root that boots, or has no room
 */
export async function importPath(
  store: ReleaseStore,
  image: string,
  path: string,
  options: ImportOptions = {},
): Promise<Imported> {
  const abortable = options.signal === undefined ? {} : { signal: options.signal }
  if (path === '-') {
    if (options.signal !== undefined) addAbortSignal(options.signal, process.stdin)
    return importStream(store, image, { bytes: process.stdin, name: 'standard input' }, options)
  }
  const stats = await stat(path).catch((cause: unknown) => {
    throw new StoreError(`Cannot import ${path}`, { cause })
  })
  if (stats.isDirectory()) {
    const bytes = archiveDirectory(resolve(path), { leaveOut: resolve(store.directory), ...options })
    return importStream(store, image, { bytes, name: resolve(path) }, options)
  }
  const bytes = createReadStream(path, { highWaterMark: 1 << 20, ...abortable })
  const size = stats.isFile() ? { size: stats.size } : {}
  return importStream(store, image, { bytes, name: resolve(path), ...size }, options)
}

/** The same for bytes that come from anywhere. The store keeps them as they are, decompressed. */
export async function importStream(
  store: ReleaseStore,
  image: string,
  source: Source,
  options: ImportOptions = {},
): Promise<Imported> {
  checkImageName(image)
  const { name, verb = 'import' } = source
  await using stage = await store.stage()
  const path = join(stage.directory, 'root.tar')
  try {
    await checkRoom(path, source.size ?? 0)
    const archive = await writeRootArchive(path, counted(source, options), () => options.signal?.throwIfAborted())
    const info = await describe(stage, archive, source)
    const isNew = await store.publish(stage, info.digest)
    await store.mark(image, info.digest)
    return { info: isNew ? info : await store.info(info.digest), isNew }
  } catch (cause) {
    if (options.signal?.aborted === true) throw new StoreError(`The ${verb} of ${name} was interrupted`, { cause })
    const why = isFull(cause) ? await fullError(path, 0, cause) : cause
    throw new StoreError(`Cannot ${verb} ${name}`, { cause: why })
  }
}

/** The plain bytes, with progress told and an abort heard between any two chunks. */
async function* counted(source: Source, { signal, onProgress }: ImportOptions): AsyncGenerator<Uint8Array> {
  let read = 0
  let written = 0
  const counting = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of source.bytes) {
      signal?.throwIfAborted()
      read += chunk.byteLength
      yield chunk
    }
  }
  for await (const chunk of decompress(counting(), signal)) {
    written += chunk.byteLength
    onProgress?.({ read, total: source.size, written })
    yield chunk
  }
}

/** Writes what else a release has. @throws {StoreError} if the archive is no root that a machine can boot */
async function describe(stage: Stage, archive: WrittenArchive, source: Source): Promise<ReleaseInfo> {
  const { digest, size, index } = archive
  if (index.entries === 0) throw new StoreError('It is an archive without entries, want a root file system')
  const path = join(stage.directory, 'root.tar')
  const { system, arch, kernels } = await inspectArchive(path, index)
  const info: ReleaseInfo = {
    digest,
    size,
    entries: index.entries,
    created: new Date().toISOString(),
    source: source.name,
    ...(source.recipe === undefined ? {} : { recipe: source.recipe }),
    system,
    arch,
    kernels: [...kernels],
  }
  await saveTarIndex(join(stage.directory, 'index'), digest, index)
  await writeFile(join(stage.directory, 'release.json'), `${JSON.stringify(info, undefined, 2)}\n`, { flush: true })
  await keepStamp(path, join(stage.directory, 'verified'))
  return info
}

async function inspectArchive(path: string, index: TarIndex): Promise<RootInfo> {
  const tree = await openTarTree(path, index)
  try {
    return await inspectRoot(tree)
  } finally {
    await tree.close()
  }
}
