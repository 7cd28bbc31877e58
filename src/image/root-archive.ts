import { createHash } from 'node:crypto'
import { type FileHandle, open, statfs } from 'node:fs/promises'
import { dirname } from 'node:path'
import { TarStream } from '../formats/tar/feed.ts'
import { TarIndexBuilder } from '../storage/tar-index-builder.ts'
import type { TarIndex } from '../storage/tar-index.ts'
import { StoreError } from './release.ts'

/** A root archive that was written, read and summed in one pass. */
export interface WrittenArchive {
  /** SHA-256, hexadecimal. */
  readonly digest: string
  /** Bytes. */
  readonly size: number
  readonly index: TarIndex
}

const SPARE = 32 << 20 // bytes for the index and what else a release has

/**
 * Writes an archive to a file as it comes, sums it, and makes its index.
 *
 * @param written is told how many bytes are on their way to the disk, after every chunk
 * @throws {WireError} naming entry and offset where the archive is cut, damaged or leaves its tree
 * @throws {StoreError} if the disk is full
 */
export async function writeRootArchive(
  path: string,
  input: AsyncIterable<Uint8Array>,
  written: (bytes: number) => void = () => undefined,
): Promise<WrittenArchive> {
  const hash = createHash('sha256')
  const builder = new TarIndexBuilder()
  const tar = new TarStream((entry) => builder.add(entry))
  await using file = await open(path, 'wx', 0o444)
  try {
    for await (const chunk of input) {
      tar.push(chunk)
      hash.update(chunk)
      await writeAll(file, chunk)
      written(tar.position)
    }
    tar.end()
    await file.sync()
  } catch (error) {
    throw isFull(error) ? await fullError(path, tar.position, error) : error
  }
  return { digest: hash.digest('hex'), size: tar.position, index: builder.finish() }
}

/** @throws {StoreError} if a file of `size` bytes has no room beside `path` */
export async function checkRoom(path: string, size: number): Promise<void> {
  const free = await freeBytes(path)
  if (free >= size + SPARE) return
  throw new StoreError(`${room(dirname(path))}: ${megabytes(size + SPARE)} are needed, ${megabytes(free)} are free`)
}

/** Says of an error that the disk was full, whatever was being written. */
export async function fullError(path: string, position: number, cause: unknown): Promise<StoreError> {
  const free = megabytes(await freeBytes(path))
  const text = `${room(dirname(path))}: it filled up behind ${megabytes(position)} of the archive, ${free} are free`
  return new StoreError(text, { cause })
}

export function isFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

function room(directory: string): string {
  return `There is no room for the release in ${directory}, free some or name another store with --store`
}

async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(dirname(path))
  return bavail * bsize
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.byteLength; ) at += (await file.write(chunk, at)).bytesWritten
}
