import { type ByteString, byteStringFrom } from '../../wire/bytestring.ts'
import { WireError } from '../../wire/error.ts'
import type { Extent } from './entry.ts'
import { numberOf } from './header.ts'

/** A run of stored content, not yet placed in the archive. */
export interface SparseRun {
  readonly fileOffset: number
  readonly length: number
}

/** Runs of an old GNU sparse header (4 at byte 386) or of one of its extension blocks (21 at byte 0). */
export function decodeGnuRuns(block: Uint8Array, kind: 'header' | 'extension', offset: number): SparseRun[] {
  const [start, count] = kind === 'header' ? [386, 4] : [0, 21]
  const runs: SparseRun[] = []
  for (let at = start; at < start + count * 24; at += 24) {
    if (block[at] === 0) break // unused places are all zero
    const fileOffset = numberOf(block, at, 12, 'sparse offset', offset)
    runs.push({ fileOffset, length: numberOf(block, at + 12, 12, 'sparse length', offset) })
  }
  return runs
}

/** Whether an extension block follows an old GNU sparse header or extension block. */
export function hasExtension(block: Uint8Array, kind: 'header' | 'extension'): boolean {
  return block[kind === 'header' ? 482 : 504] === 1
}

/** Length of a file with its holes, from an old GNU sparse header. */
export function gnuRealSize(block: Uint8Array, offset: number): number {
  return numberOf(block, 483, 12, 'sparse real size', offset)
}

/** The runs of `GNU.sparse.map`, format 0.1: `offset,length,offset,length…`. */
export function decodeRunList(value: Uint8Array, offset: number): SparseRun[] {
  const numbers = byteStringFrom(value).split(',')
  return pairUp(numbers[0] === '' ? [] : numbers, offset)
}

/**
 * The runs of format 1.0, which stand before the content: count, then offset and length of each, every number in
 * decimal with a newline.
 *
 * @returns undefined if the map goes on behind `bytes`
 */
export function decodeRunHead(bytes: Uint8Array, offset: number): SparseRun[] | undefined {
  const lines = byteStringFrom(bytes).split('\n').slice(0, -1) // what follows the last newline is not whole
  if (lines[0] === undefined) return undefined
  const wanted = 1 + 2 * decimal(lines[0], offset)
  return lines.length < wanted ? undefined : pairUp(lines.slice(1, wanted), offset)
}

function pairUp(numbers: readonly string[], offset: number): SparseRun[] {
  const runs: SparseRun[] = []
  for (let at = 0; at < numbers.length; at += 2) {
    runs.push({ fileOffset: decimal(numbers[at], offset), length: decimal(numbers[at + 1], offset) })
  }
  return runs
}

function decimal(text: string | undefined, offset: number): number {
  const value = /^[0-9]{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (Number.isSafeInteger(value)) return value
  throw new WireError('tar', offset, `a sparse map has "${text ?? ''}", want a decimal number`)
}

/**
 * Places runs one after the other in the archive.
 *
 * @throws {WireError} if they overlap, or want more than is stored or than the file is long
 */
export function placeRuns(
  runs: readonly SparseRun[],
  { position, stored, size, name }: { position: number; stored: number; size: number; name: ByteString },
): Extent[] {
  const extents: Extent[] = []
  let next = 0
  let used = 0
  for (const { fileOffset, length } of runs) {
    if (fileOffset < next || fileOffset + length > size || used + length > stored) {
      throw new WireError(
        'tar',
        position,
        `the sparse map of "${name}" does not fit its ${size} bytes, ${stored} stored`,
      )
    }
    if (length > 0) extents.push({ fileOffset, position: position + used, length })
    next = fileOffset + length
    used += length
  }
  return extents
}
