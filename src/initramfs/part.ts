import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { CpioEntry } from '../formats/cpio/entry.ts'
import { writeCpio } from '../formats/cpio/write.ts'
import { makeDirectories, writeFileAtomic } from '../sys/files.ts'
import { compressArchive, endingOf, type PartCompression } from './compress.ts'

/** One of the archives that make up an initramfs, in the cache. */
export interface Part<Report> {
  readonly path: string
  /** SHA-256 of the file, in hex; its name begins with it. */
  readonly digest: string
  /** Bytes of the file: what goes over the wire. */
  readonly size: number
  /** Bytes of the archive: about what its files hold in RAM. */
  readonly unpackedSize: number
  readonly report: Report
}

/** What decides the bytes of a part, and how to make it. */
export interface Recipe<Report> {
  readonly kind: 'tools' | 'drivers' | 'ssh' | 'microcode' | 'whole'
  /** Everything that the part is made from, or its digest. Same inputs, same part. */
  readonly inputs: unknown
  readonly compression: PartCompression
  readonly make: () => Promise<{ readonly entries: readonly CpioEntry[]; readonly report: Report }>
  /** Of what the inputs do not tell: a part in the cache is made anew when this has become another. */
  readonly stamp?: (report: Report) => Promise<string>
  /** Whoever reads the file compares its digest: in the cache its size is enough. */
  readonly checkedLater?: boolean
}

/** What the cache keeps of a part beside its file. */
interface Note<Report> extends Omit<Part<Report>, 'path'> {
  readonly file: string
  readonly stamp: string
}

/** Counted up when the same inputs give another part than before. */
const BUILDER_VERSION = 2

/**
 * A part out of the cache, made where it is not in it or its file is not what it was. Several processes may do this at
 * once: each file is written beside its place and renamed, and all write the same.
 */
export async function ensurePart<Report>(cacheDir: string, recipe: Recipe<Report>): Promise<Part<Report>> {
  await makeDirectories(cacheDir)
  const { kind, inputs, compression } = recipe
  const key = sha256(JSON.stringify([BUILDER_VERSION, kind, compression, inputs])).slice(0, 32)
  const note = join(cacheDir, `${kind}-${key}.json`)
  return (await kept(cacheDir, note, recipe)) ?? (await make(cacheDir, note, recipe))
}

/** The note names the file by its digest, so a file that is cut or changed is noticed. */
async function kept<Report>(
  cacheDir: string,
  note: string,
  { stamp, checkedLater = false }: Recipe<Report>,
): Promise<Part<Report> | undefined> {
  try {
    const { file, stamp: before, ...part } = JSON.parse(await readFile(note, 'utf8')) as Note<Report>
    const path = join(cacheDir, file)
    if (stamp !== undefined && (await stamp(part.report)) !== before) return undefined
    const isWhole = checkedLater ? (await stat(path)).size === part.size : sha256(await readFile(path)) === part.digest
    return isWhole ? { path, ...part } : undefined
  } catch {
    return undefined // not made yet, or damaged: made anew
  }
}

async function make<Report>(cacheDir: string, note: string, recipe: Recipe<Report>): Promise<Part<Report>> {
  const { entries, report } = await recipe.make()
  const archive = Buffer.concat(writeCpio(entries))
  const bytes = await compressArchive(archive, recipe.compression)
  const digest = sha256(bytes)
  const file = `${digest}.${endingOf(recipe.compression)}`
  await writeFileAtomic(join(cacheDir, file), bytes)
  const part = { digest, size: bytes.byteLength, unpackedSize: archive.byteLength, report }
  const stamp = (await recipe.stamp?.(report)) ?? ''
  const content: Note<Report> = { file, stamp, ...part }
  await writeFileAtomic(note, `${JSON.stringify(content, undefined, 1)}\n`)
  return { path: join(cacheDir, file), ...part }
}

/** SHA-256 in hex. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
