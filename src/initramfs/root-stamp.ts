import type { FileTree } from '../storage/file-tree.ts'
import { resolvePath } from '../storage/paths.ts'
import { textOf } from '../wire/bytestring.ts'
import type { DriversReport } from './drivers.ts'
import { firmwareRoots } from './firmware.ts'
import { DIRECTORIES as CONFIG_DIRECTORIES } from './module-config.ts'
import { sha256 } from './part.ts'

/*
 * A directory as a root changes under us, and reading some thousand files to see whether it did takes longer than the
 * whole build should. So it is known by inode, size and time of the files that decide what goes in.
 */

const INDEXES = [
  'modules.dep',
  'modules.alias',
  'modules.softdep',
  'modules.builtin',
  'modules.builtin.modinfo',
  'config',
]

/** Changes when depmod ran, or the configuration of modules or of the kernel is another. */
export async function stampOfIndexes(tree: FileTree, version: string): Promise<string> {
  const configs = await Promise.all(CONFIG_DIRECTORIES.map((directory) => filesIn(tree, directory)))
  const indexes = INDEXES.map((name) => `/lib/modules/${version}/${name}`)
  return stampOf(tree, [...indexes, `/boot/config-${version}`, ...configs.flat()])
}

/** Changes when a module or firmware file that a part holds does, or firmware may be there that it missed. */
export async function stampOfContents(tree: FileTree, report: DriversReport): Promise<string> {
  const { kernelVersion, paths, firmware, missingFirmware } = report
  const modules = paths.map((path) => `/lib/modules/${kernelVersion}/${path}`)
  const wanted = [...firmware, ...missingFirmware.map(({ name }) => name)]
  const directories = firmwareRoots(kernelVersion).flatMap((root) => wanted.map((name) => directoryOf(root + name)))
  const places = [...new Set([...directories, ...firmware])].map((path) => `/lib/firmware/${path}`)
  return stampOf(tree, [...modules, ...places])
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1)
}

async function filesIn(tree: FileTree, directory: string): Promise<string[]> {
  const node = await resolvePath(tree, directory)
  if (node === undefined) return []
  return (await tree.list(node)).map(({ name }) => `${directory}/${textOf(name)}`)
}

async function stampOf(tree: FileTree, paths: readonly string[]): Promise<string> {
  const directories = new Map<string, Promise<number | undefined>>()
  const seen: unknown[] = []
  for (const path of paths) {
    const directory = directoryOf(path)
    const parent = directories.get(directory) ?? resolvePath(tree, directory)
    directories.set(directory, parent)
    seen.push(path, await seenAt(tree, await parent, path))
  }
  return sha256(JSON.stringify(seen))
}

async function seenAt(tree: FileTree, parent: number | undefined, path: string): Promise<unknown> {
  if (parent === undefined) return null
  const name = path.slice(path.lastIndexOf('/') + 1)
  const here = name === '' ? parent : await tree.lookup(parent, name)
  const type = here === undefined ? undefined : (await tree.attributes(here)).type
  const node = type === 'symlink' ? await resolvePath(tree, path) : here
  if (node === undefined) return null
  const { size, modified } = await tree.attributes(node)
  return [node, type === 'directory' ? 0 : size, modified.seconds, modified.nanoseconds]
}
