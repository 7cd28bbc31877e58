import { byteStringFrom, type ByteString } from '../../wire/bytestring.ts'
import { ByteReader } from '../../wire/reader.ts'
import { type CpioEntry, HEADER_LENGTH, MAGIC, MAGIC_WITH_CHECKSUM, TRAILER, TYPE_BITS } from './entry.ts'

/** What one archive holds, and where it ends: another may follow. */
export interface CpioArchive {
  readonly entries: readonly CpioEntry[]
  /** Offset of the first byte behind the trailer. */
  readonly end: number
}

interface Member {
  readonly name: ByteString
  readonly fields: Fields
  /** A view of the archive. */
  readonly content: Uint8Array
}

interface Fields {
  readonly inode: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly linkCount: number
  readonly size: number
  readonly device: { readonly major: number; readonly minor: number }
  readonly nameSize: number
}

const FORMAT = 'cpio archive'

/**
 * Reads one "newc" archive. The second and further names of a file become links to the first. Contents are views.
 *
 * @throws {WireError} if it is cut, another format, or holds a file type that Linux does not have
 */
export function readCpio(bytes: Uint8Array): CpioArchive {
  const reader = new ByteReader(bytes, FORMAT)
  const members: Member[] = []
  for (;;) {
    const member = readMember(reader)
    if (member.name === TRAILER) break
    members.push(member)
  }
  const contents = linkedContents(members)
  const first = new Map<number, ByteString>()
  return { entries: members.map((member) => entryOf(member, contents, first)), end: reader.offset }
}

function readMember(reader: ByteReader): Member {
  const magic = text(reader.bytes(6, 'magic'))
  if (magic !== MAGIC && magic !== MAGIC_WITH_CHECKSUM)
    throw reader.fail(`magic is ${JSON.stringify(magic)}, want ${MAGIC} ("newc")`, reader.offset - 6)
  const fields = readFields(reader)
  if (fields.nameSize < 1) throw reader.fail('the size of a name is 0, want at least its NUL')
  const name = byteStringFrom(reader.bytes(fields.nameSize, 'name').subarray(0, -1))
  skipPadding(reader, HEADER_LENGTH + fields.nameSize)
  const content = reader.bytes(fields.size, `content of ${name}`)
  // The trailer of the last archive may end the file without its padding.
  if (name !== TRAILER || reader.remaining > 0) skipPadding(reader, fields.size)
  return { name, fields, content }
}

/** In the order of the format: inode, mode, uid, gid, nlink, mtime, size, device, rdevice, namesize, check. */
function readFields(reader: ByteReader): Fields {
  const next = (field: string): number => {
    const digits = text(reader.bytes(8, field))
    if (!/^[0-9a-f]{8}$/i.test(digits))
      throw reader.fail(`${field} is "${digits}", want 8 hex digits`, reader.offset - 8)
    return Number.parseInt(digits, 16)
  }
  const [inode, mode, uid, gid, linkCount] = [next('inode'), next('mode'), next('uid'), next('gid'), next('nlink')]
  next('mtime')
  const size = next('size')
  next('device major')
  next('device minor')
  const device = { major: next('rdevice major'), minor: next('rdevice minor') }
  const nameSize = next('name size')
  next('check')
  return { inode, mode, uid, gid, linkCount, size, device, nameSize }
}

function skipPadding(reader: ByteReader, length: number): void {
  reader.skip((4 - (length % 4)) % 4, 'padding')
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

/** Content of the files that have several names: it stands with one of them, GNU cpio takes the last. */
function linkedContents(members: readonly Member[]): Map<number, Uint8Array> {
  const contents = new Map<number, Uint8Array>()
  for (const { fields, content } of members) {
    if (isLinkedFile(fields) && content.byteLength > 0) contents.set(fields.inode, content)
  }
  return contents
}

function isLinkedFile({ mode, linkCount }: Fields): boolean {
  return linkCount > 1 && (mode & 0o170000) === TYPE_BITS.file
}

function entryOf(member: Member, contents: Map<number, Uint8Array>, first: Map<number, ByteString>): CpioEntry {
  const { name, fields, content } = member
  const { uid, gid, device } = fields
  const owned = { name, mode: fields.mode & 0o7777, uid, gid }
  const type = typeOf(name, fields.mode)
  if (type === 'directory') return { type, ...owned }
  if (type === 'symlink') return { type, name, target: byteStringFrom(content) }
  if (type !== 'file') return { type, ...owned, device }
  const to = isLinkedFile(fields) ? first.get(fields.inode) : undefined
  if (to !== undefined) return { type: 'link', name, to }
  if (isLinkedFile(fields)) first.set(fields.inode, name)
  return { type, ...owned, content: isLinkedFile(fields) ? (contents.get(fields.inode) ?? content) : content }
}

function typeOf(name: ByteString, mode: number): keyof typeof TYPE_BITS {
  const found = Object.entries(TYPE_BITS).find(([, bits]) => bits === (mode & 0o170000))
  if (found !== undefined) return found[0] as keyof typeof TYPE_BITS
  throw new ByteReader(new Uint8Array(), FORMAT).fail(`${name} has mode ${mode.toString(8)}, whose file type is none`)
}
