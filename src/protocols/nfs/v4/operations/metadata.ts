import { mayRead, mayWrite } from '../../../../storage/permissions.ts'
import { bytesOf } from '../../../../wire/bytestring.ts'
import { type Steps, ready } from '../../../rpc/steps.ts'
import type { XdrReader } from '../../../rpc/xdr-reader.ts'
import { XdrWriter } from '../../../rpc/xdr-writer.ts'
import { grantedAccess } from '../../v3/access.ts'
import { supportedIn, writeAttributes } from '../attributes.ts'
import { ATTRIBUTE } from '../attribute.ts'
import { type Bitmap, common, hasBit, readBitmap, sameBits } from '../bitmap.ts'
import { type Compound, noArguments, operation } from '../compound.ts'
import { NFS4, refuse } from '../status.ts'

/** GETATTR, RFC 8881 §18.7 */
export const getAttributes = operation(readBitmap, (compound, asked) => {
  if (hasBit(asked, ATTRIBUTE.setAccessTime) || hasBit(asked, ATTRIBUTE.setModifyTime)) refuse(NFS4.invalid)
  return writeAttributes(compound.reply, compound.file, asked, compound.limits)
})

/** The bits of version 3, and of RFC 8276 §8.5 those for reading, listing and changing xattrs. */
const KNOWN_ACCESS = 0x3f
const XATTR_ACCESS = { read: 0x40, write: 0x80, list: 0x100 } as const

/** ACCESS, §18.1 */
export const access = operation(
  (args) => args.u32('access'),
  (compound, asked) => {
    const { attributes, caller, grant } = compound.file
    const xattrs = compound.minor < 2 ? 0 : XATTR_ACCESS.read | XATTR_ACCESS.write | XATTR_ACCESS.list
    const readable = mayRead(caller, attributes) ? XATTR_ACCESS.read | XATTR_ACCESS.list : 0
    const writable = grant.writes && mayWrite(caller, attributes) ? XATTR_ACCESS.write : 0
    compound.reply.u32(asked & (KNOWN_ACCESS | xattrs))
    compound.reply.u32(
      grantedAccess(asked, caller, attributes, grant.writes) | (asked & xattrs & (readable | writable)),
    )
    return undefined
  },
)

/** READLINK, §18.24 */
export const readLink = operation(noArguments, function* (compound): Steps {
  const { attributes, served, node } = compound.file
  if (attributes.type !== 'symlink') refuse(compound.hasSessions ? NFS4.wrongType : NFS4.invalid)
  compound.reply.opaque(bytesOf(yield* ready(served.tree.readLink(node))))
})

interface Wanted {
  readonly bits: Bitmap
  readonly values: Buffer
}

function readWanted(args: XdrReader): Wanted {
  return { bits: readBitmap(args), values: args.opaque(args.remaining, 'attributes') }
}

/** VERIFY, §18.31: the file is as the client thinks. */
export const verify = operation(readWanted, function* (compound, wanted): Steps {
  if (!(yield* matches(compound, wanted))) refuse(NFS4.notSame)
})

/** NVERIFY, §18.15: it is not. */
export const notVerify = operation(readWanted, function* (compound, wanted): Steps {
  if (yield* matches(compound, wanted)) refuse(NFS4.same)
})

/** Compares as bytes: there is one way to write each attribute. */
function* matches(compound: Compound, { bits, values }: Wanted): Steps<boolean> {
  const unreadable = [ATTRIBUTE.readError, ATTRIBUTE.setAccessTime, ATTRIBUTE.setModifyTime]
  if (unreadable.some((number) => hasBit(bits, number))) refuse(NFS4.invalid)
  if (!sameBits(common(bits, supportedIn(compound.minor)), bits)) refuse(NFS4.attributeNotSupported)
  const w = new XdrWriter()
  yield* writeAttributes(w, compound.file, bits, compound.limits)
  const present = w.takeCopy()
  return (
    present.subarray(present.byteLength - values.byteLength).equals(values) &&
    lengthOf(present, bits) === values.byteLength
  )
}

/** Bytes of the values in a fattr4. */
function lengthOf(fattr: Buffer, bits: Bitmap): number {
  const words = bits[2] !== 0 ? 3 : bits[1] !== 0 ? 2 : bits[0] !== 0 ? 1 : 0
  return fattr.readUInt32BE(4 + 4 * words)
}
