import type { Timestamp } from '../../../storage/file-tree.ts'
import type { AttributeChanges } from '../../../storage/writable-tree.ts'
import type { ByteString } from '../../../wire/bytestring.ts'
import { XdrReader } from '../../rpc/xdr-reader.ts'
import { supportedIn } from './attributes.ts'
import { ATTRIBUTE } from './attribute.ts'
import { type Bitmap, NO_BITS, bitmapOf, bitsOf, common, readBitmap, sameBits } from './bitmap.ts'
import { NFS4, refuse } from './status.ts'

const MAX_OWNER_BYTES = 1024
/** As the kernel has it: what nobody is. */
const NOBODY = 65_534

/** What a client wants a file's attributes to be. */
export interface SentAttributes {
  /** Which of them it sent. */
  readonly bits: Bitmap
  readonly changes: AttributeChanges
  /** What the creating process leaves away from the mode, RFC 8275. */
  readonly umask: number
}

export const NOTHING_SENT: SentAttributes = { bits: NO_BITS, changes: {}, umask: 0 }

type Reader = (r: XdrReader) => AttributeChanges & { readonly umask?: number }

const READERS = new Map<number, Reader>([
  [ATTRIBUTE.size, (r) => ({ size: r.u64('size') })],
  [ATTRIBUTE.mode, (r) => ({ mode: modeOf(r.u32('mode')) })],
  [ATTRIBUTE.owner, (r) => ({ uid: idOf(r.string(MAX_OWNER_BYTES, 'owner')) })],
  [ATTRIBUTE.group, (r) => ({ gid: idOf(r.string(MAX_OWNER_BYTES, 'group')) })],
  [ATTRIBUTE.setAccessTime, (r) => ({ accessed: readTime(r) })],
  [ATTRIBUTE.setModifyTime, (r) => ({ modified: readTime(r) })],
  [ATTRIBUTE.modeAndUmask, (r) => ({ mode: modeOf(r.u32('mode')), umask: r.u32('umask') & 0o777 })],
])
const SETTABLE = bitmapOf(READERS.keys())

/**
 * Reads fattr4 of what is to be set, RFC 8881 §3.3.9.
 *
 * @throws {WireError} if it is cut
 * @throws {StatusError} NFS4ERR_ATTRNOTSUPP, NFS4ERR_INVAL for what cannot be set, NFS4ERR_BADOWNER
 */
export function readAttributes(args: XdrReader, minor: number): SentAttributes {
  const bits = readBitmap(args)
  const r = new XdrReader('fattr4', args.opaque(args.remaining, 'attributes'))
  if (!sameBits(common(bits, supportedIn(minor)), bits)) refuse(NFS4.attributeNotSupported)
  if (!sameBits(common(bits, SETTABLE), bits)) refuse(NFS4.invalid)
  const { umask = 0, ...changes }: ReturnType<Reader> = Object.assign(
    {},
    ...bitsOf(bits).map((number) => READERS.get(number)?.(r)),
  )
  if (r.remaining > 0) throw r.fail(`${r.remaining} bytes are left behind the last attribute`)
  return { bits, changes, umask }
}

/** settime4, §3.3.3 */
function readTime(r: XdrReader): Timestamp | 'now' {
  const how = r.u32('how the time is set')
  if (how > 1) throw r.fail(`the time is set by ${how}, want 0 or 1`)
  if (how === 0) return 'now'
  const high = r.u32('seconds') | 0
  const seconds = high * 2 ** 32 + r.u32('seconds')
  const nanoseconds = r.u32('nanoseconds')
  return nanoseconds < 1_000_000_000 ? { seconds, nanoseconds } : refuse(NFS4.invalid)
}

function modeOf(mode: number): number {
  return mode <= 0o7777 ? mode : refuse(NFS4.invalid)
}

/** A number as text, RFC 8881 §5.9; of names only those that every system has. A domain is not looked at. */
function idOf(owner: ByteString): number {
  const [name = ''] = owner.split('@')
  if (/^\d{1,10}$/.test(name) && Number(name) < 0xffff_ffff) return Number(name)
  if (name === 'root') return 0
  return name === 'nobody' || name === 'nogroup' ? NOBODY : refuse(NFS4.badOwner)
}
