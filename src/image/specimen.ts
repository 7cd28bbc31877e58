import type { TarEntryType } from '../formats/tar/entry.ts'
import { encodeEntry, END_OF_ARCHIVE, type NewEntry, paddingAfter } from '../formats/tar/writer.ts'

/** For tests: what an entry of a made-up root is, by its path. A string is a file's content. */
export type SpecimenRoot = Readonly<Record<string, string | (Partial<NewEntry> & { readonly content?: string })>>

/** A kernel of x86: its boot header says 64 bits, and nothing else is in it. */
export const SPECIMEN_KERNEL = kernelBytes().toString('latin1')

/** A root with all that a machine needs to boot, in the ways of Debian. */
export const BOOTABLE: SpecimenRoot = {
  './': directory(),
  './bin': link('usr/bin'),
  './lib': link('usr/lib'),
  './sbin': link('usr/sbin'),
  './boot/vmlinuz-6.1.0-9-amd64': SPECIMEN_KERNEL,
  './boot/vmlinuz-6.1.0-10-amd64': SPECIMEN_KERNEL,
  './etc/os-release': link('../usr/lib/os-release'),
  './usr/lib/os-release': 'NAME=Specimen\nPRETTY_NAME="Specimen GNU/Linux 1"\n',
  './usr/lib/systemd/systemd': { content: 'x', mode: 0o755 },
  './usr/sbin/init': link('../lib/systemd/systemd'),
  './usr/lib/modules/6.1.0-10-amd64/modules.dep': 'kernel/a.ko:\nkernel/b.ko: kernel/a.ko\n',
  './usr/lib/modules/6.1.0-10-amd64/kernel/a.ko': 'a',
  './usr/lib/modules/6.1.0-10-amd64/kernel/b.ko': 'b',
}

/** An archive of a made-up root; an entry that is undefined in `changes` is left out. */
export function specimenTar(changes: { readonly [path: string]: SpecimenRoot[string] | undefined } = {}): Buffer {
  const parts = Object.entries({ ...BOOTABLE, ...changes }).flatMap(([name, value]) => {
    if (value === undefined) return []
    const { content = '', ...rest } = typeof value === 'string' ? { content: value } : value
    const entry: NewEntry = { ...PLAIN, size: content.length, ...rest, name }
    return [encodeEntry(entry), Buffer.from(content, 'latin1'), paddingAfter(entry)]
  })
  return Buffer.concat([...parts, END_OF_ARCHIVE])
}

const PLAIN: Omit<NewEntry, 'name' | 'size'> = {
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  modified: { seconds: 1_700_000_000, nanoseconds: 0 },
  linkName: '',
  device: { major: 0, minor: 0 },
  xattrs: new Map(),
}

function directory(): Partial<NewEntry> {
  const type: TarEntryType = 'directory'
  return { type, mode: 0o755 }
}
function link(linkName: string): Partial<NewEntry> {
  const type: TarEntryType = 'symlink'
  return { type, linkName, mode: 0o777 }
}
function kernelBytes(): Buffer {
  const bytes = Buffer.alloc(1024)
  bytes.write('HdrS', 0x202)
  bytes.writeUInt16LE(1, 0x236) // XLF_KERNEL_64
  return bytes
}
