import type { Attributes, Timestamp } from '../../../storage/file-tree.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import type { Located } from '../located.ts'
import { FILE_TYPE } from './constants.ts'

/** Bytes of fattr3. */
export const ATTRIBUTES_BYTES = 84

/**
 * Writes fattr3, RFC 1813 §2.6.
 *
 *     | type | mode | nlink | uid | gid | size:8 | used:8 | rdev:8 | fsid:8 | fileid:8 | atime:8 | mtime:8 | ctime:8 |
 */
export function encodeAttributes(w: XdrWriter, { served, node, attributes: a }: Located): void {
  w.u32(FILE_TYPE[a.type]).u32(a.mode).u32(a.linkCount).u32(a.uid).u32(a.gid)
  w.u64(a.size).u64(a.usedBytes)
  w.u32(a.device.major).u32(a.device.minor)
  w.u32(served.fsidHigh).u32(served.fsidLow)
  w.u64(fileId(node))
  // A release knows one time: what never changes was last read, changed and described when it was made.
  encodeTime(w, a.accessed ?? a.modified)
  encodeTime(w, a.modified)
  encodeTime(w, a.changed ?? a.modified)
}

/** The number that clients see as the inode: never 0, which means "deleted" to old programs. */
export function fileId(node: number): number {
  return node + 1
}

/** post_op_attr with attributes, §2.6 */
export function encodePostOp(w: XdrWriter, located: Located): void {
  w.u32(1)
  encodeAttributes(w, located)
}

/** post_op_attr without, where nothing can be said. */
export function encodeNoPostOp(w: XdrWriter): void {
  w.u32(0)
}

/** wcc_data, §2.6: what it was like before, and is now; undefined where it has gone. */
export function encodeWcc(w: XdrWriter, before: Located, now: Attributes | undefined): void {
  const { size, modified, changed = modified } = before.attributes
  w.u32(1).u64(size)
  encodeTime(w, modified)
  encodeTime(w, changed)
  if (now === undefined) encodeNoPostOp(w)
  else encodePostOp(w, { ...before, attributes: now })
}

/** wcc_data of which nothing is known. */
export function encodeNoWcc(w: XdrWriter): void {
  w.u32(0).u32(0)
}

/** True if a time is the one that nfstime3 says. */
export function isTime({ seconds, nanoseconds }: Timestamp, said: Timestamp): boolean {
  return seconds === said.seconds && nanoseconds === said.nanoseconds
}

/** nfstime3 counts from 1970 to 2106: what lies outside becomes the nearest it can say. */
function encodeTime(w: XdrWriter, { seconds, nanoseconds }: Timestamp): void {
  if (seconds < 0) w.u32(0).u32(0)
  else w.u32(Math.min(seconds, 0xffff_ffff)).u32(nanoseconds)
}

/**
 * cookieverf3 of a directory: it changes when the directory does, so that old cookies are noticed. Where cookies stay
 * good it is 0.
 */
export function cookieVerifier({ modified, change }: Attributes): Buffer {
  const verifier = Buffer.alloc(8)
  if (change !== undefined) return verifier
  verifier.writeInt32BE(modified.seconds | 0, 0)
  verifier.writeUInt32BE(modified.nanoseconds, 4)
  return verifier
}
