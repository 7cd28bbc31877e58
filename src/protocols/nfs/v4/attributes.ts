import type { FileTree, Timestamp } from '../../../storage/file-tree.ts'
import { type Space, isWritable } from '../../../storage/writable-tree.ts'
import { type Steps, ready } from '../../rpc/steps.ts'
import type { XdrWriter } from '../../rpc/xdr-writer.ts'
import { encodeHandle } from '../handle.ts'
import type { Located, ServedExport } from '../located.ts'
import { statisticsOf } from '../statistics.ts'
import { fileId } from '../v3/attributes.ts'
import { ATTRIBUTE } from './attribute.ts'
import { type Bitmap, bitmapOf, bitsOf, common, writeBitmap } from './bitmap.ts'
import { changeOf, writeChange } from './change-info.ts'
import { pseudoNode } from './pseudo-tree.ts'

/** nfs_ftype4, RFC 8881 §3.2.5 */
const FILE_TYPE = { file: 1, directory: 2, block: 3, character: 4, symlink: 5, socket: 6, fifo: 7 } as const
const MAX_LINKS = 65_000
const MAX_NAME_BYTES = 255
/** change_attr_type4, RFC 7862 §12.2.3: it says nothing but "changed". */
const CHANGE_TYPE_UNDEFINED = 4

/** What every file of a server has in common. */
export interface AttributeLimits {
  readonly minor: number
  readonly leaseSeconds: number
  readonly readBytes: number
  readonly writeBytes: number
}

interface Source extends Located {
  readonly limits: AttributeLimits
  readonly space: Space
}

type Encoder = (reply: XdrWriter, source: Source) => void

const yes: Encoder = (reply) => void reply.bool(true)
const no: Encoder = (reply) => void reply.bool(false)

/** How each attribute is written, by its number. */
const ENCODERS = new Map<number, Encoder>([
  [ATTRIBUTE.supported, (reply, { limits }) => writeBitmap(reply, supportedIn(limits.minor))],
  [ATTRIBUTE.type, (reply, { attributes }) => void reply.u32(FILE_TYPE[attributes.type])],
  [ATTRIBUTE.handleExpiry, (reply) => void reply.u32(0)], // persistent
  [ATTRIBUTE.change, (reply, source) => writeChange(reply, changeOf(source))],
  [ATTRIBUTE.size, (reply, { attributes }) => void reply.u64(attributes.size)],
  [ATTRIBUTE.linkSupport, yes],
  [ATTRIBUTE.symlinkSupport, yes],
  [ATTRIBUTE.namedAttributes, no],
  [ATTRIBUTE.fileSystemId, (reply, { served }) => void reply.u64(served.fsidHigh).u64(served.fsidLow)],
  [ATTRIBUTE.uniqueHandles, yes],
  [ATTRIBUTE.leaseTime, (reply, { limits }) => void reply.u32(limits.leaseSeconds)],
  [ATTRIBUTE.readError, (reply) => void reply.u32(0)],
  [ATTRIBUTE.canSetTime, (reply, { served }) => void reply.bool(isWritable(served.tree))],
  [ATTRIBUTE.caseInsensitive, no],
  [ATTRIBUTE.casePreserving, yes],
  [ATTRIBUTE.chownRestricted, yes],
  [ATTRIBUTE.handle, (reply, { served, node }) => encodeHandle(reply, served.key, node)],
  [ATTRIBUTE.fileId, (reply, { node }) => void reply.u64(fileId(node))],
  [ATTRIBUTE.filesAvailable, (reply, { space }) => void reply.u64(space.freeNodes)],
  [ATTRIBUTE.filesFree, (reply, { space }) => void reply.u64(space.freeNodes)],
  [ATTRIBUTE.filesTotal, (reply, { space }) => void reply.u64(space.totalNodes)],
  [ATTRIBUTE.homogeneous, yes],
  [ATTRIBUTE.maxFileSize, (reply) => void reply.u32(0x7fff_ffff).u32(0xffff_ffff)],
  [ATTRIBUTE.maxLink, (reply) => void reply.u32(MAX_LINKS)],
  [ATTRIBUTE.maxName, (reply) => void reply.u32(MAX_NAME_BYTES)],
  [ATTRIBUTE.maxRead, (reply, { limits }) => void reply.u64(limits.readBytes)],
  [ATTRIBUTE.maxWrite, (reply, { limits }) => void reply.u64(limits.writeBytes)],
  [ATTRIBUTE.mode, (reply, { attributes }) => void reply.u32(attributes.mode)],
  [ATTRIBUTE.noTruncation, yes],
  [ATTRIBUTE.linkCount, (reply, { attributes }) => void reply.u32(attributes.linkCount)],
  // Numbers: a client without an id mapper would take a name for nobody's, RFC 8881 §5.9.
  [ATTRIBUTE.owner, (reply, { attributes }) => void reply.string(String(attributes.uid))],
  [ATTRIBUTE.group, (reply, { attributes }) => void reply.string(String(attributes.gid))],
  [ATTRIBUTE.rawDevice, (reply, { attributes: { device } }) => void reply.u32(device.major).u32(device.minor)],
  [ATTRIBUTE.spaceAvailable, (reply, { space }) => void reply.u64(space.availableBytes)],
  [ATTRIBUTE.spaceFree, (reply, { space }) => void reply.u64(space.freeBytes)],
  [ATTRIBUTE.spaceTotal, (reply, { space }) => void reply.u64(space.totalBytes)],
  [ATTRIBUTE.spaceUsed, (reply, { attributes }) => void reply.u64(attributes.usedBytes)],
  [ATTRIBUTE.accessTime, (reply, { attributes: a }) => writeTime(reply, a.accessed ?? a.modified)],
  [ATTRIBUTE.timeGranularity, (reply) => void reply.u64(0).u32(1)],
  [ATTRIBUTE.changeTime, (reply, { attributes: a }) => writeTime(reply, a.changed ?? a.modified)],
  [ATTRIBUTE.modifyTime, (reply, { attributes: a }) => writeTime(reply, a.modified)],
  [ATTRIBUTE.mountedOnFileId, (reply, { served, node }) => void reply.u64(mountedOn(served, node))],
  [ATTRIBUTE.exclusiveCreate, (reply, { limits }) => writeBitmap(reply, exclusiveIn(limits.minor))],
  [ATTRIBUTE.changeType, (reply) => void reply.u32(CHANGE_TYPE_UNDEFINED)],
  [ATTRIBUTE.xattrSupport, yes],
])

/** What an exclusive create may set at once, §5.8.1.14. */
const EXCLUSIVE_CREATE = [ATTRIBUTE.size, ATTRIBUTE.mode, ATTRIBUTE.owner, ATTRIBUTE.group]
/** The kernel's client of 4.2 leaves the umask to the server wherever it can send it: without this word O_EXCL would lose it. */
function exclusiveIn(minor: number): Bitmap {
  return bitmapOf(minor < 2 ? EXCLUSIVE_CREATE : [...EXCLUSIVE_CREATE, ATTRIBUTE.modeAndUmask])
}
/** Attributes that only SETATTR takes. */
const WRITE_ONLY = [ATTRIBUTE.setAccessTime, ATTRIBUTE.setModifyTime, ATTRIBUTE.modeAndUmask]
/** Those that only a later minor version knows. */
const SINCE = new Map<number, number>([
  [ATTRIBUTE.exclusiveCreate, 1],
  [ATTRIBUTE.changeType, 2],
  [ATTRIBUTE.modeAndUmask, 2],
  [ATTRIBUTE.xattrSupport, 2],
])
const SUPPORTED: readonly Bitmap[] = [0, 1, 2].map((minor) =>
  bitmapOf([...ENCODERS.keys(), ...WRITE_ONLY].filter((number) => (SINCE.get(number) ?? 0) <= minor)),
)
const READABLE: readonly Bitmap[] = [0, 1, 2].map((minor) =>
  bitmapOf([...ENCODERS.keys()].filter((number) => (SINCE.get(number) ?? 0) <= minor)),
)
/** Those that need the whole tree to be counted. */
const COUNTED = bitmapOf([
  ATTRIBUTE.filesAvailable,
  ATTRIBUTE.filesFree,
  ATTRIBUTE.filesTotal,
  ATTRIBUTE.spaceAvailable,
  ATTRIBUTE.spaceFree,
  ATTRIBUTE.spaceTotal,
])
const NO_SPACE: Space = { totalBytes: 0, freeBytes: 0, availableBytes: 0, totalNodes: 0, freeNodes: 0 }

/** supported_attrs */
export function supportedIn(minor: number): Bitmap {
  return SUPPORTED[minor] ?? [0, 0, 0]
}

/** Of what the client asked for, what it gets. */
export function answeredOf(asked: Bitmap, minor: number): Bitmap {
  return common(asked, READABLE[minor] ?? [0, 0, 0])
}

/** Writes fattr4, RFC 8881 §3.3.9: which attributes, how many bytes they have, and they in rising order. */
export function* writeAttributes(reply: XdrWriter, located: Located, asked: Bitmap, limits: AttributeLimits): Steps {
  const bits = answeredOf(asked, limits.minor)
  const counted = common(bits, COUNTED).some((word) => word !== 0)
  const space = counted ? yield* spaceOf(located.served.tree) : NO_SPACE
  writeBitmap(reply, bits)
  const at = reply.length
  reply.u32(0)
  const source: Source = { ...located, limits, space }
  for (const encode of encodersOf(bits)) encode(reply, source)
  reply.patchU32(at, reply.length - at - 4)
}

/** The room there is: in what never changes, none. */
function* spaceOf(tree: FileTree): Steps<Space> {
  if (isWritable(tree)) return yield* ready(tree.space())
  const { bytes, nodes } = yield* ready(statisticsOf(tree))
  return { ...NO_SPACE, totalBytes: bytes, totalNodes: nodes }
}

const plans = new Map<string, readonly Encoder[]>()

/** The encoders of a set, kept: clients ask for the same few sets all day. */
function encodersOf(bits: Bitmap): readonly Encoder[] {
  const key = bits.join()
  const known = plans.get(key)
  if (known !== undefined) return known
  const plan = bitsOf(bits).flatMap((number) => ENCODERS.get(number) ?? [])
  if (plans.size > 100) plans.clear()
  plans.set(key, plan)
  return plan
}

/** nfstime4, §3.3.1: seconds are signed. */
function writeTime(reply: XdrWriter, { seconds, nanoseconds }: Timestamp): void {
  reply.u32(Math.floor(seconds / 2 ** 32) >>> 0).u32(seconds >>> 0)
  reply.u32(nanoseconds)
}

/** The number of the directory that an export's root covers; of anything else its own. */
function mountedOn({ path, tree }: ServedExport, node: number): number {
  if (node !== tree.root || path === '/') return fileId(node)
  const known = covered.get(tree) ?? fileId(pseudoNode(path))
  covered.set(tree, known)
  return known
}

const covered = new WeakMap<object, number>()
