import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { readCpio } from '../formats/cpio/read.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import type { PartCompression } from './compress.ts'
import { ensurePart, type Part, sha256 } from './part.ts'

/**
 * Several parts as one archive. The kernel takes them one after the other too, but lsinitramfs, unmkinitramfs and cpio
 * see the first only.
 *
 * @param parts not compressed; a file of a later one takes the place of an earlier one's
 */
export async function ensureWhole(
  cacheDir: string,
  parts: readonly Part<unknown>[],
  compression: PartCompression,
): Promise<Part<null>> {
  return ensurePart(join(cacheDir, 'initramfs'), {
    kind: 'whole',
    inputs: parts.map(({ digest }) => digest),
    compression,
    make: async () => {
      const files = await Promise.all(parts.map(readPart))
      const entries = files.flatMap((file) => readCpio(file).entries)
      const byName = new Map(entries.map((entry): [string, CpioEntry] => [entry.name, entry]))
      return { entries: completeTree([...byName.values()]), report: null }
    },
  })
}

async function readPart({ path, digest }: Part<unknown>): Promise<Uint8Array> {
  const file = await readFile(path)
  if (sha256(file) === digest) return file
  await rm(path)
  throw new Error(`Cannot use ${path}: it is damaged, and was removed; the next call makes it anew`)
}
