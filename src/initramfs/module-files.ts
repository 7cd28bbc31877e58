import type { CpioEntry } from '../formats/cpio/entry.ts'
import { readModuleInfo } from '../formats/kmod/modinfo.ts'
import type { ModuleInfo } from '../formats/kmod/modinfo.ts'
import type { ModuleLine } from '../formats/kmod/modules-dep.ts'
import { archOfBinary } from '../image/kernel-arch.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath } from '../storage/paths.ts'
import { byteStringOf } from '../wire/bytestring.ts'
import { decompressModules, packModule } from './module-content.ts'
import type { ModuleIndex } from './module-index.ts'

/** The files of modules, as they go into the archive, and what the modules say of themselves. */
export interface ModuleFiles {
  /** With the paths that the files have in the archive. */
  readonly lines: readonly ModuleLine[]
  readonly entries: readonly CpioEntry[]
  /** By name. */
  readonly infos: ReadonlyMap<string, ModuleInfo>
}

/**
 * Reads modules and packs them for busybox modprobe.
 *
 * @throws {Error} if one is missing or damaged
 */
export async function readModules(
  tree: FileTree,
  version: string,
  modules: readonly ModuleLine[],
): Promise<ModuleFiles> {
  const files = await Promise.all(modules.map((module) => readModule(tree, version, module)))
  const decoded = await decompressModules(files)
  const packed = await Promise.all(
    modules.map(async (line, at) => {
      const { ending, content } = await packModule(files[at] ?? NOTHING, decoded[at] ?? NOTHING)
      return { line: { ...line, path: line.path.replace(/(?<=\.ko)(?:\.\w+)?$/, ending) }, content }
    }),
  )
  return {
    lines: packed.map(({ line }) => line),
    entries: packed.map(({ line, content }) => {
      return { type: 'file', name: byteStringOf(`lib/modules/${version}/${line.path}`), mode: 0o644, content }
    }),
    infos: new Map(modules.map((module, at) => [module.name, infoOf(module, decoded[at] ?? NOTHING)])),
  }
}

const NOTHING = new Uint8Array()

function infoOf({ path }: ModuleLine, module: Uint8Array): ModuleInfo {
  try {
    return readModuleInfo(module)
  } catch (cause) {
    throw new Error(`Cannot read the module ${path}`, { cause })
  }
}

async function readModule(tree: FileTree, version: string, { path }: ModuleLine): Promise<Uint8Array> {
  const content = await readPath(tree, `/lib/modules/${version}/${path}`)
  if (content !== undefined) return content
  throw new Error(
    `Cannot read /lib/modules/${version}/${path} of the root: modules.dep names it, but it is not there; run "depmod ${version}" in the image`,
  )
}

/**
 * Debian's name of the architecture, of any one module: those of a kernel are all for the same processor.
 *
 * @throws {Error} if it cannot be told
 */
export async function architectureOfKernel(tree: FileTree, index: ModuleIndex): Promise<string> {
  const [any] = index.modules.values()
  if (any === undefined) throw new Error(`Cannot tell the architecture of kernel ${index.version}: it has no modules`)
  const [module = NOTHING] = await decompressModules([await readModule(tree, index.version, any)])
  const architecture = archOfBinary(module)
  if (architecture !== undefined) return architecture
  throw new Error(`Cannot tell the architecture of ${any.path}: it is no ELF file of a processor that netroot knows`)
}
