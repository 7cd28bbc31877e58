import { type ModprobeConfig, parseModprobeConfig } from '../formats/kmod/modprobe-conf.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'
import { textOf } from '../wire/bytestring.ts'

/** A file of an earlier directory hides those of the same name in later ones, modprobe.d(5). */
export const DIRECTORIES = [
  '/etc/modprobe.d',
  '/run/modprobe.d',
  '/usr/local/lib/modprobe.d',
  '/usr/lib/modprobe.d',
  '/lib/modprobe.d',
] as const

/** The configuration of modules in a root, its files in the order of their names. */
export async function readModuleConfig(tree: FileTree): Promise<ModprobeConfig> {
  const paths = new Map<string, string>()
  for (const directory of DIRECTORIES) {
    for (const name of await configFiles(tree, directory)) {
      if (!paths.has(name)) paths.set(name, `${directory}/${name}`)
    }
  }
  const inOrder = [...paths.keys()].toSorted().map((name) => paths.get(name) ?? '')
  const texts = await Promise.all(inOrder.map((path) => readPath(tree, path)))
  return parseModprobeConfig(texts.map((text) => text?.toString() ?? ''))
}

async function configFiles(tree: FileTree, directory: string): Promise<string[]> {
  const node = await resolvePath(tree, directory)
  if (node === undefined || (await tree.attributes(node)).type !== 'directory') return []
  return (await tree.list(node)).map(({ name }) => textOf(name)).filter((name) => name.endsWith('.conf'))
}

/** What of it concerns these modules, as a file for busybox modprobe. */
export function renderModuleConfig(config: ModprobeConfig, modules: ReadonlySet<string>): string {
  const lines = config.lines.filter(({ module }) => modules.has(module)).map(({ text }) => text)
  const disabled = config.disabled.filter((name) => modules.has(name)).map((name) => `blacklist ${name}`)
  return [...new Set([...lines, ...disabled])].map((line) => `${line}\n`).join('')
}
