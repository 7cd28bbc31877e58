import type { Attributes, DirectoryEntry } from '../../../storage/file-tree.ts'
import { padded } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { HANDLE_BYTES, encodeHandle } from '../handle.ts'
import type { ServedExport } from '../located.ts'
import { ATTRIBUTES_BYTES, encodePostOp, fileId } from './attributes.ts'

/** "One more", fileid, length of the name, cookie; the name comes to it. */
const ENTRY_BYTES = 4 + 8 + 4 + 8
/** name_attributes and name_handle with their "follows" and the handle's length */
export const PLUS_BYTES = 4 + ATTRIBUTES_BYTES + 4 + 4 + HANDLE_BYTES

/** What a directory lists: `.` and `..`, which trees do not know, then its entries. */
export interface Entries {
  readonly dots: readonly DirectoryEntry[]
  readonly listed: readonly DirectoryEntry[]
}

/** The first entry behind a cookie, as a place in all. */
export function placeBehind({ dots, listed }: Entries, cookie: number): number {
  if (cookie < dots.length || listed[0]?.cookie === undefined) return cookie
  let [low, high] = [0, listed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((listed[middle]?.cookie ?? 0) <= cookie) low = middle + 1
    else high = middle
  }
  return dots.length + low
}

export function countOf({ dots, listed }: Entries): number {
  return dots.length + listed.length
}

export function entryAt({ dots, listed }: Entries, place: number): DirectoryEntry | undefined {
  return place < dots.length ? dots[place] : listed[place - dots.length]
}

/** Bytes of an entry3, RFC 1813 §3.3.16. */
export function entryBytes({ name }: DirectoryEntry): number {
  return ENTRY_BYTES + padded(name.length)
}

/** Writes an entry3. Its cookie is its own, or its place, where `.` is 1 and `..` is 2. */
export function encodeEntry(w: XdrWriter, entry: DirectoryEntry, place: number): void {
  w.u32(1)
    .u64(fileId(entry.node))
    .string(entry.name)
    .u64(entry.cookie ?? place + 1)
}

/** Writes what entryplus3 adds, §3.3.17: name_attributes and name_handle; neither, if it has gone in between. */
export function encodePlus(w: XdrWriter, served: ServedExport, node: number, attributes?: Attributes): void {
  if (attributes === undefined) {
    w.u32(0).u32(0)
    return
  }
  encodePostOp(w, { served, node, attributes })
  w.u32(1)
  encodeHandle(w, served.key, node)
}
