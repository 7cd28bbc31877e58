import { parseBuiltinAliases } from '../formats/kmod/modinfo.ts'
import type { ModprobeConfig } from '../formats/kmod/modprobe-conf.ts'
import { type ModuleAlias, parseModulesAlias } from '../formats/kmod/modules-alias.ts'
import { type ModuleLine, parseModulesBuiltin, parseModulesDep } from '../formats/kmod/modules-dep.ts'
import { parseSoftdeps, type SoftDependency } from '../formats/kmod/softdep.ts'
import { compareVersions } from '../image/version.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath, resolvePath } from '../storage/paths.ts'
import { textOf } from '../wire/bytestring.ts'
import { readModuleConfig } from './module-config.ts'

/** What depmod and the kernel's build wrote about the modules of one kernel. */
export interface ModuleIndex {
  readonly version: string
  readonly modules: ReadonlyMap<string, ModuleLine>
  readonly aliases: readonly ModuleAlias[]
  readonly softdeps: readonly SoftDependency[]
  /** Names of the modules that are part of the kernel. */
  readonly builtin: ReadonlySet<string>
  /** What these answer to: names such as `crypto-crc32c`, and patterns of devices. */
  readonly builtinAliases: readonly ModuleAlias[]
  /** As it stands in the root. */
  readonly builtinText: string
  /** What modprobe.d of the root says. */
  readonly config: ModprobeConfig
}

/** The kernels that a root has modules for, oldest version first. */
export async function kernelVersions(tree: FileTree): Promise<string[]> {
  const directory = await resolvePath(tree, '/lib/modules')
  if (directory === undefined) return []
  const names = (await tree.list(directory)).map(({ name }) => textOf(name))
  const there = await Promise.all(names.map((name) => resolvePath(tree, `/lib/modules/${name}/kernel`)))
  return names.filter((_, index) => there[index] !== undefined).toSorted(compareVersions)
}

/**
 * Reads the index of one kernel's modules out of a root.
 *
 * @throws {Error} if the root has no modules for it, or depmod has not run
 */
export async function readModuleIndex(tree: FileTree, version: string): Promise<ModuleIndex> {
  const config = await readModuleConfig(tree)
  const text = async (name: string): Promise<string> => (await readIndexFile(tree, version, name))?.toString() ?? ''
  const modules = parseModulesDep(await text('modules.dep'))
  if (modules.size === 0) throw new Error(await noIndex(tree, version))
  const builtinText = await text('modules.builtin')
  const builtinInfo = (await readIndexFile(tree, version, 'modules.builtin.modinfo')) ?? new Uint8Array()
  return {
    version,
    modules,
    aliases: parseModulesAlias(await text('modules.alias')),
    softdeps: parseSoftdeps(`${await text('modules.softdep')}\n${config.softdeps}`),
    builtin: parseModulesBuiltin(builtinText),
    builtinAliases: parseBuiltinAliases(builtinInfo),
    builtinText,
    config,
  }
}

function readIndexFile(tree: FileTree, version: string, name: string): Promise<Buffer | undefined> {
  return readPath(tree, `/lib/modules/${version}/${name}`)
}

async function noIndex(tree: FileTree, version: string): Promise<string> {
  const found = await kernelVersions(tree)
  const there = found.length === 0 ? 'no kernel has modules' : `there are modules for ${found.join(', ')}`
  return found.includes(version)
    ? `Cannot use /lib/modules/${version}/modules.dep of the root: it is missing or empty, want what depmod writes; run "depmod ${version}" in the image`
    : `Cannot find /lib/modules/${version} in the root: ${there}, want modules for the kernel that is booted`
}
