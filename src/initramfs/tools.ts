import { busyboxApplets } from '../formats/busybox.ts'
import type { CpioEntry, CpioFile } from '../formats/cpio/entry.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import { APPLETS } from './contents.ts'

/** What a tools part is made from. */
export interface ToolsInput {
  /** A static busybox of the machine's architecture. */
  readonly busybox: Uint8Array
  /** Where it is from, for messages: `busybox-static 1:1.37.0-6`. */
  readonly busyboxName: string
  /** From `clientFiles()`. */
  readonly client: readonly CpioFile[]
}

/** Directories that the client mounts on or writes to. */
const DIRECTORIES = ['bin', 'dev', 'etc', 'lib', 'netroot', 'proc', 'root', 'run', 'sys', 'tmp', 'usr', 'var'] as const

/** All programs are in one directory, under each name that scripts and the kernel (`/sbin/modprobe`) know it by. */
const DIRECTORY_LINKS = { sbin: 'bin', 'usr/bin': '../bin', 'usr/sbin': '../bin' } as const

/**
 * The tools part: busybox with a link for each applet, `client/`, and what the kernel wants before init runs. Complete
 * and in the order of the archive.
 *
 * @throws {Error} if busybox lacks an applet
 */
export function buildTools({ busybox, busyboxName, client }: ToolsInput): CpioEntry[] {
  const there = new Set(busyboxApplets(busybox))
  const missing = APPLETS.filter((applet) => !there.has(applet))
  if (missing.length > 0) throw new Error(`Cannot use ${busyboxName}: it lacks ${missing.join(', ')}`)
  return completeTree([
    ...DIRECTORIES.map((name): CpioEntry => ({ type: 'directory', name, mode: name === 'tmp' ? 0o1777 : 0o755 })),
    ...Object.entries(DIRECTORY_LINKS).map(([name, target]): CpioEntry => ({ type: 'symlink', name, target })),
    // Before init runs nothing has mounted devtmpfs, and the kernel opens init's console by this name.
    { type: 'character', name: 'dev/console', mode: 0o600, device: { major: 5, minor: 1 } },
    { type: 'character', name: 'dev/null', mode: 0o666, device: { major: 1, minor: 3 } },
    { type: 'file', name: 'bin/busybox', mode: 0o755, content: busybox },
    ...APPLETS.map((name): CpioEntry => ({ type: 'symlink', name: `bin/${name}`, target: 'busybox' })),
    ...client,
  ])
}
