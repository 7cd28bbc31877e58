import { setImmediate } from 'node:timers/promises'
import type { Attributes, DirectoryEntry } from '../../../storage/file-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import { padded } from '../../rpc/xdr-reader.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { HANDLE_BYTES, encodeHandle } from '../handle.ts'
import { type Located, attributesOrGone } from '../located.ts'
import { ATTRIBUTES_BYTES, cookieVerifier, encodeNoPostOp, encodePostOp, fileId } from './attributes.ts'
import { DIRECTORY_SLICE, MAX_DIRECTORY_BYTES, NFS3 } from './constants.ts'
import { find } from './granted.ts'
import { listRefusal, refuse } from './metadata.ts'
import { type NfsProcedure, readHandle } from './procedure.ts'

interface ListArguments {
  readonly handle: Buffer
  /** Of the last entry that the client has; 0 for the beginning. */
  readonly cookie: number
  readonly verifier: Buffer
  /** Bytes of names alone that the client wants, READDIRPLUS only. */
  readonly nameBytes: number
  /** Bytes that the results may have, all included. */
  readonly maxBytes: number
}

/** post_op_attr, cookieverf3, end of the list, eof */
const FRAME_BYTES = 4 + ATTRIBUTES_BYTES + 8 + 4 + 4
/** "One more", fileid, length of the name, cookie; the name comes to it. */
const ENTRY_BYTES = 4 + 8 + 4 + 8
/** name_attributes and name_handle with their "follows" and the handle's length */
const PLUS_BYTES = 4 + ATTRIBUTES_BYTES + 4 + 4 + HANDLE_BYTES

/** §3.3.16. The cookie of an entry is its own, or its place, where `.` is 1 and `..` is 2. */
export const readDirectory: NfsProcedure<ListArguments> = {
  decode: (args) => ({
    handle: readHandle(args),
    cookie: args.u64('cookie'),
    verifier: args.fixed(8, 'cookie verifier'),
    nameBytes: Number.POSITIVE_INFINITY,
    maxBytes: args.u32('count'),
  }),
  *run(service, call, args) {
    const { reply } = call
    const directory = yield* find(service, call, args.handle)
    const refusal = listRefusal(directory)
    if (refusal !== undefined) {
      refuse(reply, refusal, directory)
      return
    }
    yield* list(reply, directory, args, false)
  },
  fail: encodeNoPostOp,
}

/** §3.3.17 */
export const readDirectoryPlus: NfsProcedure<ListArguments> = {
  decode: (args) => ({
    handle: readHandle(args),
    cookie: args.u64('cookie'),
    verifier: args.fixed(8, 'cookie verifier'),
    nameBytes: args.u32('dircount'),
    maxBytes: args.u32('maxcount'),
  }),
  *run(service, call, args) {
    const { reply } = call
    const directory = yield* find(service, call, args.handle)
    const refusal = listRefusal(directory)
    if (refusal !== undefined) {
      refuse(reply, refusal, directory)
      return
    }
    yield* list(reply, directory, args, true)
  },
  fail: encodeNoPostOp,
}

/** What a directory lists: `.` and `..`, which trees do not know, then its entries. */
interface Entries {
  readonly dots: readonly DirectoryEntry[]
  readonly listed: readonly DirectoryEntry[]
}

/** The first entry behind a cookie, as a place in all. */
function placeBehind({ dots, listed }: Entries, cookie: number): number {
  if (cookie < dots.length || listed[0]?.cookie === undefined) return cookie
  let [low, high] = [0, listed.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((listed[middle]?.cookie ?? 0) <= cookie) low = middle + 1
    else high = middle
  }
  return dots.length + low
}

function countOf({ dots, listed }: Entries): number {
  return dots.length + listed.length
}

function entryAt({ dots, listed }: Entries, place: number): DirectoryEntry | undefined {
  return place < dots.length ? dots[place] : listed[place - dots.length]
}

function* list(reply: XdrWriter, directory: Located, args: ListArguments, plus: boolean): Steps {
  const verifier = cookieVerifier(directory.attributes)
  if (args.cookie > 0 && !sameListing(args.verifier, verifier)) {
    refuse(reply, NFS3.badCookie, directory)
    return
  }
  const { tree } = directory.served
  const parent = yield* ready(tree.parent(directory.node))
  const dots = [
    { name: '.', node: directory.node },
    { name: '..', node: parent },
  ]
  const entries = { dots, listed: yield* ready(tree.list(directory.node)) }
  const start = reply.length
  reply.u32(NFS3.ok)
  encodePostOp(reply, directory)
  reply.fixed(verifier)
  const first = placeBehind(entries, args.cookie)
  const end = yield* page(reply, directory, entries, first, args, plus)
  if (end === first && end < countOf(entries)) {
    reply.truncate(start)
    refuse(reply, NFS3.tooSmall, directory)
    return
  }
  reply.u32(0).bool(end >= countOf(entries))
}

/** Writes the entries that fit and returns how many of all the client has then. */
function* page(
  reply: XdrWriter,
  { served }: Located,
  entries: Entries,
  first: number,
  { nameBytes, maxBytes }: ListArguments,
  plus: boolean,
): Steps<number> {
  let left = Math.min(maxBytes, MAX_DIRECTORY_BYTES) - FRAME_BYTES
  let namesLeft = nameBytes
  let place = first
  for (; ; place += 1) {
    const entry = entryAt(entries, place)
    if (entry === undefined) break
    const bytes = ENTRY_BYTES + padded(entry.name.length)
    left -= plus ? bytes + PLUS_BYTES : bytes
    namesLeft -= bytes - 4
    // dircount is a hint, RFC 1813 §3.3.17: one entry is sent whatever it says, or the client would never come to the end.
    if (left < 0 || (namesLeft < 0 && place > first)) break
    reply
      .u32(1)
      .u64(fileId(entry.node))
      .string(entry.name)
      .u64(entry.cookie ?? place + 1)
    if (plus) {
      const attributes = attributesOrGone(served.tree, entry.node)
      encodePlus(reply, served, entry.node, attributes instanceof Promise ? yield* ready(attributes) : attributes)
    }
    if ((place - first) % DIRECTORY_SLICE === DIRECTORY_SLICE - 1) yield setImmediate()
  }
  return place
}

/** name_attributes and name_handle; neither, if it has gone in between. */
function encodePlus(reply: XdrWriter, served: Located['served'], node: number, attributes?: Attributes): void {
  if (attributes === undefined) {
    reply.u32(0).u32(0)
    return
  }
  encodePostOp(reply, { served, node, attributes })
  reply.u32(1)
  encodeHandle(reply, served.key, node)
}

/** Some clients send no verifier with a cookie; they are believed. */
function sameListing(sent: Buffer, present: Buffer): boolean {
  return sent.equals(present) || sent.every((byte) => byte === 0)
}
