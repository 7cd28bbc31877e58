import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../sys/files.ts'

/** The kernel skips zeros between archives; where the next one is not compressed it must begin at a multiple of 4. */
const ALIGNMENT = 512

/**
 * Writes the parts one after the other into one file, as the kernel takes them from a loader that knows one only.
 *
 * @param output nothing is written where it is not given
 * @returns bytes of the file
 */
export async function joinParts(paths: readonly string[], output: string | undefined): Promise<number> {
  const parts = await Promise.all(paths.map((path) => readFile(path)))
  const chunks = padded(parts)
  if (output !== undefined) await writeFileAtomic(output, Buffer.concat(chunks))
  return chunks.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** The parts with zeros between them, such that they may stand in one file. */
export function padded(parts: readonly Uint8Array[]): Uint8Array[] {
  const all = parts.flatMap((part) => [part, new Uint8Array(ALIGNMENT - (part.byteLength % ALIGNMENT))])
  return all.slice(0, -1) // zstd takes zeros at the end for damage
}
