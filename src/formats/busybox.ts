import { WireError } from '../wire/error.ts'

/** Every busybox has these two applets, and they sort first. */
const START = Buffer.from('[\0[[\0')

/**
 * The applets of a busybox binary of any architecture, without running it: their names stand in it one after the
 * other, sorted, each with a NUL.
 *
 * @throws {WireError} if it has no such table
 */
export function busyboxApplets(binary: Uint8Array): string[] {
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength)
  const names: string[] = []
  const start = bytes.indexOf(START)
  for (let at = start; at >= 0; at += (names.at(-1)?.length ?? 0) + 1) {
    const name = bytes.toString('latin1', at, Math.max(at, bytes.indexOf(0, at)))
    if (name === '' || name <= (names.at(-1) ?? '')) break
    names.push(name)
  }
  if (names.length < 3) throw new WireError('busybox', Math.max(start, 0), 'it has no table of applets')
  return names
}
