import type { XdrReader } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'

/** bitmap4, RFC 8881 §3.3.7: the bits of the attributes 0 to 95. Those beyond nobody has defined. */
export type Bitmap = readonly [number, number, number]

export const NO_BITS: Bitmap = [0, 0, 0]
/** Words that a client may send: more than any attribute needs. */
const MAX_WORDS = 16

/** @throws {WireError} if it is cut or absurdly long */
export function readBitmap(args: XdrReader): Bitmap {
  const count = args.u32('bitmap length')
  if (count > MAX_WORDS) throw args.fail(`a bitmap has ${count} words, want at most ${MAX_WORDS}`)
  const first = count > 0 ? args.u32('bitmap') : 0
  const second = count > 1 ? args.u32('bitmap') : 0
  const third = count > 2 ? args.u32('bitmap') : 0
  for (let word = 3; word < count; word += 1) args.u32('bitmap')
  return [first, second, third]
}

/** Without the zero words at its end. */
export function writeBitmap(reply: XdrWriter, [first, second, third]: Bitmap): void {
  const count = third !== 0 ? 3 : second !== 0 ? 2 : first !== 0 ? 1 : 0
  reply.u32(count)
  if (count > 0) reply.u32(first)
  if (count > 1) reply.u32(second)
  if (count > 2) reply.u32(third)
}

/** A bitmap of these attributes. */
export function bitmapOf(numbers: Iterable<number>): Bitmap {
  const words: [number, number, number] = [0, 0, 0]
  for (const number of numbers) {
    const word = number >> 5
    if (word === 0 || word === 1 || word === 2) words[word] = (words[word] | (1 << (number & 31))) >>> 0
  }
  return words
}

/** What both have. */
export function common(one: Bitmap, other: Bitmap): Bitmap {
  return [(one[0] & other[0]) >>> 0, (one[1] & other[1]) >>> 0, (one[2] & other[2]) >>> 0]
}

export function sameBits(one: Bitmap, other: Bitmap): boolean {
  return one[0] === other[0] && one[1] === other[1] && one[2] === other[2]
}

/** The numbers of the attributes, rising. */
export function bitsOf(bitmap: Bitmap): number[] {
  return Array.from({ length: 96 }, (_, number) => number).filter((number) => hasBit(bitmap, number))
}

export function hasBit(bitmap: Bitmap, number: number): boolean {
  return (((bitmap[number >> 5] ?? 0) >>> (number & 31)) & 1) === 1
}
