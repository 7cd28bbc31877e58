import type { CpioEntry } from '../formats/cpio/entry.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import { textFile } from '../formats/cpio/write.ts'
import { readModuleInfo } from '../formats/kmod/modinfo.ts'
import { renderModulesAlias } from '../formats/kmod/modules-alias.ts'
import { type ModuleLine, renderModulesDep } from '../formats/kmod/modules-dep.ts'
import { archOfBinary } from '../image/kernel-arch.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { readPath } from '../storage/paths.ts'
import { byteStringOf } from '../wire/bytestring.ts'
import { type Feature, FEATURES, MODULES_FOR_ROOT } from './contents.ts'
import { findFirmware, type FirmwareRequest } from './firmware.ts'
import { decompressModules, packModule } from './module-content.ts'
import { renderModuleConfig } from './module-config.ts'
import { type ModuleIndex, readModuleIndex } from './module-index.ts'
import { loadableModules, selectModules } from './select-modules.ts'
import { shellAssignment } from './shell.ts'

/** What is asked of a drivers part beyond the kernel. */
export interface DriversRequest {
  /** Names of further modules, such as `md_mod`. */
  readonly modules?: readonly string[]
  /** Instead of those in `contents.ts`. */
  readonly features?: readonly Feature[]
}

/** What a drivers part holds, for people and for checks. */
export interface DriversReport {
  readonly kernelVersion: string
  /** Debian's name, such as `amd64`. */
  readonly architecture: string
  /** Names, sorted by path. */
  readonly modules: readonly string[]
  /** What the client loads whatever the hardware. */
  readonly modulesForRoot: readonly string[]
  /** Wanted for the root, and neither a module nor part of the kernel. */
  readonly missingForRoot: readonly string[]
  /** Paths below /lib/firmware. */
  readonly firmware: readonly string[]
  /** Asked for by a module, and not in the root. */
  readonly missingFirmware: readonly FirmwareRequest[]
  /** `install` lines of the root's modprobe.d that run programs which an initramfs does not have. */
  readonly ignoredConfig: readonly string[]
}

export interface Drivers {
  /** Complete and in the order of the archive. */
  readonly entries: readonly CpioEntry[]
  readonly report: DriversReport
}

/**
 * Collects the modules and firmware of one kernel of a root, for every machine. Nothing of the root is executed and
 * this host's kernel plays no part.
 *
 * @throws {Error} if the root has no modules for that kernel, depmod has not run, or a module is damaged
 */
export async function buildDrivers(tree: FileTree, version: string, request: DriversRequest = {}): Promise<Drivers> {
  const index = await readModuleIndex(tree, version)
  const architecture = await architectureOfKernel(tree, index)
  const features = (request.features ?? FEATURES).filter((feature) => isFor(feature, architecture))
  const forRoot = loadableModules(index, MODULES_FOR_ROOT)
  const { modules, aliases } = selectModules(index, features, [...forRoot, ...(request.modules ?? [])])
  const files = await Promise.all(modules.map((module) => readModule(tree, version, module)))
  const decoded = await decompressModules(files)
  const packed = await packModules(modules, files, decoded)
  const firmware = await findFirmware(tree, version, firmwareRequests(modules, decoded))
  const directory = `lib/modules/${version}`
  const entries = completeTree([
    ...packed.map(({ path, content }) => moduleEntry(`${directory}/${path}`, content)),
    textFile(byteStringOf(`${directory}/modules.dep`), renderModulesDep(packed)),
    textFile(byteStringOf(`${directory}/modules.alias`), renderModulesAlias(aliases)),
    textFile(byteStringOf(`${directory}/modules.builtin`), index.builtinText),
    textFile('etc/modprobe.d/root.conf', renderModuleConfig(index.config, new Set(modules.map(({ name }) => name)))),
    textFile(
      'netroot/drivers',
      shellAssignment('KERNEL', version) + shellAssignment('MODULES_FOR_ROOT', forRoot.join(' ')),
    ),
    ...firmware.entries,
  ])
  const report: DriversReport = {
    kernelVersion: version,
    architecture,
    modules: modules.map(({ name }) => name),
    modulesForRoot: forRoot,
    missingForRoot: MODULES_FOR_ROOT.filter((name) => !index.modules.has(name) && !index.builtin.has(name)),
    firmware: firmware.entries.map(({ name }) => name.replace(/^lib\/firmware\//, '')),
    missingFirmware: firmware.missing,
    ignoredConfig: index.config.ignored,
  }
  return { entries, report }
}

/** Of any one module: those of a kernel are all for the same processor. */
async function architectureOfKernel(tree: FileTree, index: ModuleIndex): Promise<string> {
  const [any] = index.modules.values()
  if (any === undefined) throw new Error(`Cannot tell the architecture of kernel ${index.version}: it has no modules`)
  const [module = NOTHING] = await decompressModules([await readModule(tree, index.version, any)])
  const architecture = archOfBinary(module)
  if (architecture !== undefined) return architecture
  throw new Error(`Cannot tell the architecture of ${any.path}: it is no ELF file of a processor that netroot knows`)
}

function isFor({ architectures }: Feature, architecture: string): boolean {
  return architectures === undefined || architectures.includes(architecture)
}

async function readModule(tree: FileTree, version: string, { path }: ModuleLine): Promise<Uint8Array> {
  const content = await readPath(tree, `/lib/modules/${version}/${path}`)
  if (content !== undefined) return content
  throw new Error(
    `Cannot read /lib/modules/${version}/${path} of the root: modules.dep names it, but it is not there; run "depmod ${version}" in the image`,
  )
}

async function packModules(
  modules: readonly ModuleLine[],
  files: readonly Uint8Array[],
  decoded: readonly Uint8Array[],
): Promise<(ModuleLine & { content: Uint8Array })[]> {
  return Promise.all(
    modules.map(async (module, at) => {
      const { ending, content } = await packModule(files[at] ?? NOTHING, decoded[at] ?? NOTHING)
      return { ...module, path: module.path.replace(/(?<=\.ko)(?:\.\w+)?$/, ending), content }
    }),
  )
}

const NOTHING = new Uint8Array()

function moduleEntry(path: string, content: Uint8Array): CpioEntry {
  return { type: 'file', name: byteStringOf(path), mode: 0o644, content }
}

function firmwareRequests(modules: readonly ModuleLine[], decoded: readonly Uint8Array[]): FirmwareRequest[] {
  return modules.flatMap(({ name: module, path }, at) => {
    try {
      const info = readModuleInfo(decoded[at] ?? NOTHING)
      return [...new Set(info.get('firmware') ?? [])].map((name) => ({ module, name }))
    } catch (cause) {
      throw new Error(`Cannot read the module ${path}`, { cause })
    }
  })
}
