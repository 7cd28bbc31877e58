import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes around a TFTP block of 512, and what rolls its block numbers over. */
export const SIZES = [0, 511, 512, 513, 40 * 1024 * 1024] as const

/** A directory to serve, and one to fetch into. */
export interface ServedFiles extends AsyncDisposable {
  /** Holds `file-SIZE`, `sub/file-513`, `link` to that, `outside` to /etc/passwd. */
  readonly served: string
  /** A path to fetch to, which no other call gives. */
  target(): string
  /** What a file of this size holds. */
  content(size: number): Buffer
}

/** Makes a directory with files of all `SIZES`. */
export async function makeServedFiles(): Promise<ServedFiles> {
  const base = await mkdtemp(join(tmpdir(), 'netroot-served-'))
  const served = join(base, 'served')
  await mkdir(join(served, 'sub'), { recursive: true })
  const all = noise(Math.max(...SIZES))
  const content = (size: number): Buffer => all.subarray(0, size)
  for (const size of SIZES) await writeFile(join(served, `file-${size}`), content(size))
  await writeFile(join(served, 'sub/file-513'), content(513))
  await symlink('sub/file-513', join(served, 'link'))
  await symlink('/etc/passwd', join(served, 'outside'))
  let targets = 0
  const target = (): string => join(base, `fetched-${(targets += 1)}`)
  return { served, target, content, [Symbol.asyncDispose]: () => rm(base, { recursive: true }) }
}

/** SHA-256 of a file, or `missing`: short to compare and to show. */
export async function digestOf(file: string | Buffer): Promise<string> {
  const bytes = typeof file === 'string' ? await readFile(file).catch(() => undefined) : file
  return bytes === undefined ? 'missing' : `${bytes.byteLength} ${createHash('sha256').update(bytes).digest('hex')}`
}

/** Bytes that no shift or swap of blocks leaves the same. */
function noise(length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4))
  let state = 1
  for (let index = 0; index < words.length; index += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    words[index] = state ^ (state >>> 15)
  }
  return Buffer.from(words.buffer, 0, length)
}
