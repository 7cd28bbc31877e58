import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { endianness } from 'node:os'
import { z } from 'zod'
import { writeFileAtomic } from '../sys/files.ts'
import { WireError } from '../wire/error.ts'
import { type Columns, F64_COLUMNS, type TarIndex, U32_COLUMNS } from './tar-index.ts'

/**
 * An index file:
 *
 *     | "NRTARIX1" | header length 4, little endian | header, JSON, filled with spaces | columns | pool | SHA-256 32 |
 *
 * The header ends at a multiple of 8, and every column is filled up to one. The columns are little endian.
 */
const MAGIC = 'NRTARIX1'
const SUM = 32

const Header = z.object({
  /** SHA-256 of the archive that it describes. */
  archive: z.string(),
  entries: z.number(),
  root: z.number(),
  nodes: z.number(),
  bytes: z.number(),
  pool: z.number(),
  /** Values in each column. */
  lengths: z.record(z.string(), z.number()),
})

/** @param archive SHA-256 of the archive it describes, hexadecimal */
export async function saveTarIndex(path: string, archive: string, index: TarIndex): Promise<void> {
  await writeFileAtomic(path, encodeTarIndex(archive, index))
}

/**
 * The index kept for an archive, or undefined if there is none, it is another archive's, or it was written by another
 * version or damaged: then it is made again from the archive.
 */
export async function loadTarIndex(path: string, archive: string): Promise<TarIndex | undefined> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (bytes === undefined) return undefined
  try {
    return decodeTarIndex(bytes, archive)
  } catch (error) {
    if (error instanceof WireError) return undefined
    throw error
  }
}

export function encodeTarIndex(archive: string, index: TarIndex): Uint8Array {
  if (endianness() !== 'LE') throw new Error('Cannot write an index on a big-endian machine')
  const { columns, pool, ...counts } = index
  const lengths = Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, column.length]))
  const json = JSON.stringify({ archive, ...counts, pool: pool.byteLength, lengths })
  const header = json.padEnd(Math.ceil((json.length + 12) / 8) * 8 - 12)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  const parts: Uint8Array[] = [Buffer.from(MAGIC), length, Buffer.from(header)]
  for (const name of [...U32_COLUMNS, ...F64_COLUMNS]) {
    const { buffer, byteOffset, byteLength } = columns[name]
    parts.push(Buffer.from(buffer, byteOffset, byteLength), Buffer.alloc(-byteLength & 7))
  }
  const body = Buffer.concat([...parts, pool])
  return Buffer.concat([body, createHash('sha256').update(body).digest()])
}

/** @throws {WireError} if it is not a whole index of that archive */
export function decodeTarIndex(bytes: Uint8Array, archive: string): TarIndex {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const body = file.subarray(0, Math.max(0, file.byteLength - SUM))
  const fail = (problem: string): WireError => new WireError('tar index', 0, problem)
  if (body.toString('latin1', 0, 8) !== MAGIC)
    throw fail(`it begins with "${body.toString('latin1', 0, 8)}", want "${MAGIC}"`)
  const sum = createHash('sha256').update(body).digest()
  if (!sum.equals(file.subarray(body.byteLength))) throw fail('its checksum is wrong')
  const headerEnd = 12 + body.readUInt32LE(8)
  const { archive: found, lengths, pool, ...counts } = Header.parse(JSON.parse(body.toString('latin1', 12, headerEnd)))
  if (found !== archive) throw fail(`it is of archive ${found}, want ${archive}`)
  const { columns, end } = readColumns(body, headerEnd, lengths)
  return { ...counts, columns, pool: body.subarray(end, end + pool) }
}

function readColumns(
  body: Buffer,
  start: number,
  lengths: Readonly<Record<string, number>>,
): { columns: Columns; end: number } {
  const aligned = Uint8Array.prototype.slice.call(body, start).buffer // typed arrays want offsets that are multiples of 8
  let at = 0
  const take = (name: string, width: 4 | 8): number => {
    const from = at
    at += Math.ceil(((lengths[name] ?? 0) * width) / 8) * 8
    return from
  }
  const columns = Object.fromEntries([
    ...U32_COLUMNS.map((name) => [name, new Uint32Array(aligned, take(name, 4), lengths[name] ?? 0)]),
    ...F64_COLUMNS.map((name) => [name, new Float64Array(aligned, take(name, 8), lengths[name] ?? 0)]),
  ]) as Columns
  return { columns, end: start + at }
}
