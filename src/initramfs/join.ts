import { readFile } from 'node:fs/promises'
import { writeFileAtomic } from '../sys/files.ts'

/** The kernel skips zeros between archives; one at least keeps two compressed ones apart for tools that look inside. */
const ALIGNMENT = 512

/** Writes the parts one after the other into one file, as the kernel takes them from a loader that knows one only. */
export async function joinParts(paths: readonly string[], output: string): Promise<number> {
  const parts = await Promise.all(paths.map((path) => readFile(path)))
  const chunks = parts.flatMap((part) => [part, new Uint8Array(ALIGNMENT - (part.byteLength % ALIGNMENT))])
  const whole = Buffer.concat(chunks)
  await writeFileAtomic(output, whole)
  return whole.byteLength
}
