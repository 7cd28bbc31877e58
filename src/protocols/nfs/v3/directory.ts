import { nextTurn, turnIsOver } from '../../../sys/turn.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { type Located, attributesOrGone } from '../located.ts'
import { ATTRIBUTES_BYTES, cookieVerifier, encodeNoPostOp, encodePostOp } from './attributes.ts'
import { DIRECTORY_BATCH, MAX_DIRECTORY_BYTES, NFS3 } from './constants.ts'
import { type EncodedDirectories, bytesBetween, endOfPage } from './encoded-directories.ts'
import {
  type Entries,
  PLUS_BYTES,
  countOf,
  encodeEntry,
  encodePlus,
  entryAt,
  entryBytes,
  placeBehind,
} from './entries.ts'
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
    yield* list(reply, directory, args)
  },
  fail: encodeNoPostOp,
}

/** §3.3.17 */
export function readDirectoryPlus(directories: EncodedDirectories): NfsProcedure<ListArguments> {
  return {
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
      yield* list(reply, directory, args, directories)
    },
    fail: encodeNoPostOp,
  }
}

/** @param plus given for READDIRPLUS: where directories are kept */
function* list(reply: XdrWriter, directory: Located, args: ListArguments, plus?: EncodedDirectories): Steps {
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
  directory: Located,
  entries: Entries,
  first: number,
  { nameBytes, maxBytes }: ListArguments,
  plus: EncodedDirectories | undefined,
): Steps<number> {
  const { served } = directory
  let left = Math.min(maxBytes, MAX_DIRECTORY_BYTES) - FRAME_BYTES
  const encoded = plus?.of(directory, entries)
  if (encoded !== undefined) {
    const all = yield* ready(encoded)
    const from = Math.min(first, all.ends.length) // a cookie may be made up
    const end = endOfPage(all, from, left, nameBytes)
    reply.fixed(bytesBetween(all, from, end))
    return end
  }
  let namesLeft = nameBytes
  let place = first
  for (; ; place += 1) {
    const entry = entryAt(entries, place)
    if (entry === undefined) break
    const bytes = entryBytes(entry)
    left -= plus === undefined ? bytes : bytes + PLUS_BYTES
    namesLeft -= bytes - 4
    // dircount is a hint, RFC 1813 §3.3.17: one entry is sent whatever it says, or the client would never come to the end.
    if (left < 0 || (namesLeft < 0 && place > first)) break
    encodeEntry(reply, entry, place)
    if (plus !== undefined) {
      const attributes = attributesOrGone(served.tree, entry.node)
      encodePlus(reply, served, entry.node, attributes instanceof Promise ? yield* ready(attributes) : attributes)
    }
    if (place % DIRECTORY_BATCH === 0 && turnIsOver()) yield nextTurn()
  }
  return place
}

/** Some clients send no verifier with a cookie; they are believed. */
function sameListing(sent: Buffer, present: Buffer): boolean {
  return sent.equals(present) || sent.every((byte) => byte === 0)
}
