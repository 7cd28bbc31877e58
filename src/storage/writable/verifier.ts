import type { BigIntStats } from 'node:fs'
import type { Timestamp } from '../file-tree.ts'

/** Times before 2038 fit every file system. */
const MASK = 0x7fff_ffff

/** The verifier of an exclusive create as the times of the file: that of the last access, that of the last change. */
export function timesOfVerifier(verifier: Uint8Array): readonly [Timestamp, Timestamp] {
  const view = new DataView(verifier.buffer, verifier.byteOffset, verifier.byteLength)
  const at = (offset: number): Timestamp => ({ seconds: view.getUint32(offset) & MASK, nanoseconds: 0 })
  return [at(0), at(4)]
}

/** True if a file was made with this verifier and is as it was then. */
export function holdsVerifier({ atimeNs, mtimeNs, size }: BigIntStats, verifier: Uint8Array): boolean {
  const [accessed, modified] = timesOfVerifier(verifier)
  const is = (ns: bigint, { seconds }: Timestamp): boolean => ns === BigInt(seconds) * 1_000_000_000n
  return size === 0n && is(atimeNs, accessed) && is(mtimeNs, modified)
}
