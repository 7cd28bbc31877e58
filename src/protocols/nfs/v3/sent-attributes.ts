import { type AttributeChanges } from '../../../storage/writable-tree.ts'
import type { Timestamp } from '../../../storage/file-tree.ts'
import type { XdrReader } from '../../rpc/xdr-reader.ts'

/** set_atime and set_mtime: time_how, RFC 1813 §2.6 */
const TIME_HOW = { keep: 0, server: 1, client: 2 } as const

/**
 * Reads sattr3, RFC 1813 §2.6: each with "follows" in front.
 *
 * @throws {WireError}
 */
export function readSentAttributes(args: XdrReader): AttributeChanges {
  const mode = optional(args, 'mode')
  const uid = optional(args, 'uid')
  const gid = optional(args, 'gid')
  const size = args.bool('size follows') ? args.u64('size') : undefined
  const accessed = readTimeToSet(args, 'atime')
  const modified = readTimeToSet(args, 'mtime')
  return {
    ...(mode === undefined ? {} : { mode: mode & 0o7777 }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(size === undefined ? {} : { size }),
    ...(accessed === undefined ? {} : { accessed }),
    ...(modified === undefined ? {} : { modified }),
  }
}

/** nfstime3 */
export function readTime(args: XdrReader, field: string): Timestamp {
  return { seconds: args.u32(field), nanoseconds: args.u32(field) }
}

function optional(args: XdrReader, field: string): number | undefined {
  return args.bool(`${field} follows`) ? args.u32(field) : undefined
}

function readTimeToSet(args: XdrReader, field: string): Timestamp | 'now' | undefined {
  const how = args.u32(`${field} how`)
  if (how === TIME_HOW.keep) return undefined
  if (how === TIME_HOW.server) return 'now'
  if (how === TIME_HOW.client) return readTime(args, field)
  throw args.fail(`${field} is set in way ${how}, want 0 to 2`)
}
