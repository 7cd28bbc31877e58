import { bytesOf, type ByteString } from '../../wire/bytestring.ts'
import { type CpioEntry, type CpioFile, HEADER_LENGTH, MAGIC, TRAILER, TYPE_BITS } from './entry.ts'

/** The fields of a header that differ from member to member; times and the device of the archive are always 0. */
interface Header {
  readonly inode: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly linkCount: number
  readonly device: { readonly major: number; readonly minor: number }
}

/**
 * Writes a cpio archive in "newc" format, Linux Documentation/driver-api/early-userspace/buffer-format.rst. The same
 * entries give the same bytes: inode numbers count up from 0 in the order of the entries and times are 0, as GNU cpio's `--reproducible` does. The chunks are
 * to be concatenated; contents are not copied.
 *
 * @throws {TypeError} if a name is wrong or comes twice, a directory stands behind what is in it or is no entry, or a
 *   link leads to no earlier file: the kernel would unpack such an archive silently wrong
 */
export function writeCpio(entries: readonly CpioEntry[]): Uint8Array[] {
  checkOrder(entries)
  const groups = linkGroups(entries)
  const last = new Map([...groups].map(([first, names]) => [names.at(-1) ?? first, first]))
  const files = new Map(entries.flatMap((entry) => (entry.type === 'file' ? [[entry.name, entry] as const] : [])))
  const inodes = new Map<ByteString, number>()
  const chunks: Uint8Array[] = []
  for (const entry of entries) {
    const owner = entry.type === 'link' ? files.get(entry.to) : entry
    if (owner === undefined) continue // linkGroups() has refused it
    const first = owner.name
    const inode = inodes.get(first) ?? inodes.size
    inodes.set(first, inode)
    // A file with several names carries its content with the last of them, as GNU cpio writes and expects it.
    const content = owner.type === 'file' && last.get(entry.name) !== first ? NOTHING : contentOf(owner)
    push(chunks, headerOf(owner, inode, groups.get(first)?.length ?? 1), entry.name, content)
  }
  push(chunks, headerOf(undefined, 0, 1), TRAILER, NOTHING)
  return chunks
}

const NOTHING = new Uint8Array(0)

function headerOf(entry: Exclude<CpioEntry, { type: 'link' }> | undefined, inode: number, links: number): Header {
  const none = { major: 0, minor: 0 }
  if (entry === undefined) return { inode, mode: 0, uid: 0, gid: 0, linkCount: links, device: none }
  const symlink = entry.type === 'symlink'
  return {
    inode,
    mode: TYPE_BITS[entry.type] | (symlink ? 0o777 : entry.mode),
    uid: symlink ? 0 : (entry.uid ?? 0),
    gid: symlink ? 0 : (entry.gid ?? 0),
    linkCount: entry.type === 'directory' ? 2 : links,
    device: 'device' in entry ? entry.device : none,
  }
}

function contentOf(entry: CpioEntry): Uint8Array {
  if (entry.type === 'file') return entry.content
  return entry.type === 'symlink' ? bytesOf(entry.target) : NOTHING
}

/** Header, name with its NUL, content; name and content each padded so that the next begins at a multiple of 4. */
function push(chunks: Uint8Array[], header: Header, name: ByteString, content: Uint8Array): void {
  const { inode, mode, uid, gid, linkCount, device } = header
  const fields = [inode, mode, uid, gid, linkCount, 0, content.byteLength, 0, 0, device.major, device.minor]
  const text = [...fields, name.length + 1, 0]
    .map((field) => field.toString(16).toUpperCase().padStart(8, '0'))
    .join('')
  const head = Buffer.alloc(padded(HEADER_LENGTH + name.length + 1))
  head.write(`${MAGIC}${text}${name}`, 'latin1')
  chunks.push(head)
  if (content.byteLength === 0) return
  chunks.push(content)
  const padding = padded(content.byteLength) - content.byteLength
  if (padding > 0) chunks.push(new Uint8Array(padding))
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4
}

/** All names of each file, by its first. */
function linkGroups(entries: readonly CpioEntry[]): Map<ByteString, ByteString[]> {
  const groups = new Map<ByteString, ByteString[]>()
  for (const entry of entries) {
    if (entry.type === 'file') groups.set(entry.name, [entry.name])
    else if (entry.type === 'link') {
      const names = groups.get(entry.to)
      if (names === undefined)
        throw wrong(entry.name, `it links to "${entry.to}", which is no file that stands before it`)
      names.push(entry.name)
    }
  }
  return groups
}

function checkOrder(entries: readonly CpioEntry[]): void {
  const seen = new Map<ByteString, CpioEntry['type']>()
  for (const { name, type } of entries) {
    if (!isPlainPath(name)) throw wrong(name, 'want a relative path without empty, "." and ".." components')
    if (name === TRAILER) throw wrong(name, 'it would end the archive')
    if (seen.has(name)) throw wrong(name, 'it comes twice')
    const parent = name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : undefined
    if (parent !== undefined && seen.get(parent) !== 'directory')
      throw wrong(name, `${parent} is not a directory that stands before it`)
    seen.set(name, type)
  }
}

function isPlainPath(name: ByteString): boolean {
  return !name.includes('\0') && name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
}

function wrong(name: ByteString, problem: string): TypeError {
  return new TypeError(`Cannot write cpio member "${name}": ${problem}`)
}

/** A file entry of a text, readable by all. */
export function textFile(name: ByteString, text: string, mode = 0o644): CpioFile {
  return { type: 'file', name, mode, content: Buffer.from(text, 'utf8') }
}
