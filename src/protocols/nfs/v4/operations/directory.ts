import { nextTurn, turnIsOver } from '../../../../sys/turn.ts'
import type { DirectoryEntry } from '../../../../storage/file-tree.ts'
import { mayRead } from '../../../../storage/permissions.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { type Located, attributesIfThere } from '../../located.ts'
import { cookieVerifier } from '../../v3/attributes.ts'
import { DIRECTORY_BATCH, MAX_DIRECTORY_BYTES } from '../../v3/constants.ts'
import { writeAttributes } from '../attributes.ts'
import { type Bitmap, readBitmap } from '../bitmap.ts'
import { type Compound, operation } from '../compound.ts'
import { grantedTo } from '../rights.ts'
import { NFS4, refuse } from '../status.ts'

interface ListArguments {
  readonly cookie: number
  readonly verifier: Buffer
  /** Bytes that the results may have, all included. */
  readonly maxBytes: number
  readonly asked: Bitmap
}

function readArguments(args: XdrReader): ListArguments {
  const cookie = args.u64('cookie')
  const verifier = args.fixed(8, 'cookie verifier')
  args.u32('dircount') // a hint
  return { cookie, verifier, maxBytes: args.u32('maxcount'), asked: readBitmap(args) }
}

/** Cookies 0 to 2 have a meaning of their own, RFC 8881 §18.23.3: that of the entry at a place is the place and this. */
const FIRST_COOKIE = 3
/** cookieverf4, "no more", eof */
const FRAME_BYTES = 8 + 4 + 4

/** READDIR, §18.23: without `.` and `..`. */
export const readDirectory = operation(readArguments, function* (compound, args): Steps {
  const { directory, reply } = compound
  const { attributes, served, node, caller } = directory
  if (!mayRead(caller, attributes)) refuse(NFS4.access)
  if (args.cookie === 1 || args.cookie === 2) refuse(NFS4.badCookie)
  const verifier = cookieVerifier(attributes)
  if (args.cookie !== 0 && !args.verifier.equals(verifier) && args.verifier.some((byte) => byte !== 0)) {
    refuse(NFS4.badCookie)
  }
  const entries = yield* ready(served.tree.list(node))
  const from = placeAfter(entries, args.cookie)
  const start = reply.length
  reply.fixed(verifier)
  const end = yield* page(compound, directory, entries, from, args, start)
  if (end === from && from < entries.length) refuse(NFS4.tooSmall)
  reply.u32(0).bool(end >= entries.length)
})

/** The place of the first entry that the client has not got. */
function placeAfter(entries: readonly DirectoryEntry[], cookie: number): number {
  if (cookie === 0) return 0
  if (entries[0]?.cookie === undefined) return cookie - FIRST_COOKIE + 1
  let [low, high] = [0, entries.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((entries[middle]?.cookie ?? 0) <= cookie) low = middle + 1
    else high = middle
  }
  return low
}

/** Writes the entries that fit, and returns the place of the first that does not. */
function* page(
  compound: Compound,
  directory: Located,
  entries: readonly DirectoryEntry[],
  from: number,
  { maxBytes, asked }: ListArguments,
  start: number,
): Steps<number> {
  const { reply } = compound
  const room = Math.min(maxBytes, MAX_DIRECTORY_BYTES) - FRAME_BYTES + 8
  let place = from
  for (; ; place += 1) {
    const entry = entries[place]
    if (entry === undefined) return place
    const before = reply.length
    reply
      .u32(1)
      .u64(entry.cookie ?? place + FIRST_COOKIE)
      .string(entry.name)
    const written = yield* writeEntry(compound, directory, entry, asked)
    const fits = reply.length - start <= room
    if (!fits || !written) reply.truncate(before)
    if (!fits) return place
    if (place % DIRECTORY_BATCH === 0 && turnIsOver()) yield nextTurn()
  }
}

/** The attributes of an entry. False if it has gone in between. */
function* writeEntry(compound: Compound, directory: Located, entry: DirectoryEntry, asked: Bitmap): Steps<boolean> {
  const located = yield* locate(compound, directory, entry)
  if (located === undefined) return false
  yield* writeAttributes(compound.reply, located, asked, compound.limits)
  return true
}

function* locate(compound: Compound, directory: Located, { name, node }: DirectoryEntry): Steps<Located | undefined> {
  const { namespace } = compound.service
  if (namespace.isPseudo(directory)) {
    const found = yield* namespace.lookup(directory, name)
    return found === undefined ? undefined : grantedTo(compound.call, found)
  }
  const { served } = directory
  const attributes = yield* attributesIfThere(served.tree, node)
  return attributes === undefined ? undefined : { served, node, attributes }
}
