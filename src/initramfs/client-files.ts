import { readdir, readFile, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CpioFile } from '../formats/cpio/entry.ts'
import { byteStringOf } from '../wire/bytestring.ts'

/** `client/` of this checkout or installation: what runs on the booting machine. */
export const CLIENT_DIRECTORY: string = fileURLToPath(new URL('../../client', import.meta.url))

/** What `client/` cannot do without. */
const REQUIRED = ['init', 'lib', 'roots', 'handover'] as const

/**
 * The files of `client/` where they stand in the initramfs: `init` as `/init`, the rest below `/netroot`. Modes are
 * 755 or 644 whatever the umask of the checkout; backups of editors (`*~`, `.*`, `#*#`) are left out.
 *
 * @throws {Error} if something is missing, or a program (it begins with `#!`) is not executable
 */
export async function clientFiles(directory: string = CLIENT_DIRECTORY): Promise<CpioFile[]> {
  const paths = await filesBelow(directory)
  for (const part of REQUIRED) {
    if (paths.some((path) => path === part || path.startsWith(`${part}/`))) continue
    throw new Error(`Cannot build the initramfs: ${join(directory, part)} is missing`)
  }
  return Promise.all(paths.map((path) => clientFile(directory, path)))
}

async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !isBackup(entry.name))
  return files.map((entry) => relative(directory, join(entry.parentPath, entry.name))).toSorted()
}

function isBackup(name: string): boolean {
  return name.endsWith('~') || name.startsWith('.') || /^#.*#$/.test(name)
}

async function clientFile(directory: string, path: string): Promise<CpioFile> {
  const file = join(directory, path)
  const content = await readFile(file)
  const executable = ((await stat(file)).mode & 0o111) !== 0
  if (!executable && (path === 'init' || content.subarray(0, 2).toString() === '#!'))
    throw new Error(`Cannot build the initramfs: ${file} is not executable, type: chmod +x ${file}`)
  const name = byteStringOf(path === 'init' ? 'init' : `netroot/${path}`)
  return { type: 'file', name, mode: executable ? 0o755 : 0o644, content }
}
