import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { writeFileAtomic } from '../sys/files.ts'

/**
 * What the kernel says of a file, as text: as long as it says the same the file was not written to, so it need not be
 * read to know that it is unchanged.
 */
export async function stampOf(path: string): Promise<string> {
  const { size, mtimeNs, ctimeNs, ino } = await stat(path, { bigint: true })
  return `size ${size} modified ${mtimeNs} changed ${ctimeNs} inode ${ino}\n`
}

/** Whether a file still bears the stamp that was kept at `stampPath`. */
export async function bearsStamp(path: string, stampPath: string): Promise<boolean> {
  const kept = await readFile(stampPath, 'utf8').catch(() => undefined)
  return kept === (await stampOf(path))
}

/** Keeps the stamp of a file; where the store may not be written that costs time at each opening, no more. */
export async function keepStamp(path: string, stampPath: string): Promise<void> {
  await writeFileAtomic(stampPath, await stampOf(path)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES' && error.code !== 'EROFS' && error.code !== 'EPERM') throw error
  })
}

/** SHA-256 of a file, hexadecimal. */
export async function digestOf(path: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const options = signal === undefined ? {} : { signal }
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash, options)
  return hash.digest('hex')
}
