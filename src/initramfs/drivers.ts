import type { CpioEntry } from '../formats/cpio/entry.ts'
import { completeTree } from '../formats/cpio/tree.ts'
import { textFile } from '../formats/cpio/write.ts'
import { globRegExp } from '../formats/glob.ts'
import type { ModuleInfo } from '../formats/kmod/modinfo.ts'
import { renderModulesAlias } from '../formats/kmod/modules-alias.ts'
import { normalizeModuleName } from '../formats/kmod/module-name.ts'
import { type ModuleLine, renderModulesDep } from '../formats/kmod/modules-dep.ts'
import type { FileTree } from '../storage/file-tree.ts'
import { byteStringOf } from '../wire/bytestring.ts'
import { FIRMWARE_LEFT_OUT, MODULES_FOR_ROOT } from './contents.ts'
import { firmwarePackage } from './firmware-packages.ts'
import { findFirmware, type FirmwareRequest } from './firmware.ts'
import { renderModuleConfig } from './module-config.ts'
import { architectureOfKernel, readModules } from './module-files.ts'
import { readModuleIndex } from './module-index.ts'
import { type DriversScope, modulesOfScope } from './scope.ts'
import { loadableModules, namedModules, selectModules } from './select-modules.ts'
import { shellAssignment } from './shell.ts'

/** What is asked of a drivers part beyond the kernel. */
export interface DriversRequest {
  /** Generic where it is not given. */
  readonly scope?: DriversScope
  /** Names of further modules, such as `md_mod`. */
  readonly modules?: readonly string[]
}

/** What a drivers part holds, for people and for checks. */
export interface DriversReport {
  readonly kernelVersion: string
  /** Debian's name, such as `amd64`. */
  readonly architecture: string
  /** Names, sorted by path. */
  readonly modules: readonly string[]
  /** Their files in the root, below /lib/modules/VERSION. */
  readonly paths: readonly string[]
  /** Why each module is there, by its name. */
  readonly reasons: Readonly<Record<string, string>>
  /** What the client loads whatever the hardware. */
  readonly modulesForRoot: readonly string[]
  /** Wanted for the root, and neither a module nor part of the kernel. */
  readonly missingForRoot: readonly string[]
  /** Paths below /lib/firmware. */
  readonly firmware: readonly string[]
  /** The module that each is for, by its path. */
  readonly firmwareReasons: Readonly<Record<string, string>>
  /** Asked for by a module, and not in the root. */
  readonly missingFirmware: readonly MissingFirmware[]
  /** Asked for by modules that no network boot needs, such as graphics, so not looked for. */
  readonly firmwareLeftOut: number
  /** `install` lines of the root's modprobe.d that run programs which an initramfs does not have. */
  readonly ignoredConfig: readonly string[]
}

/** Firmware that the root does not have. */
export interface MissingFirmware extends FirmwareRequest {
  /** What the module says that it drives: `Broadcom Tigon3 ethernet driver`. */
  readonly card: string
  /** The package of Debian that has it, where that is known. */
  readonly debianPackage?: string
}

export interface Drivers {
  /** Complete and in the order of the archive. */
  readonly entries: readonly CpioEntry[]
  readonly report: DriversReport
}

/**
 * Collects modules and firmware of one kernel of a root. Nothing of the root is executed and this host's kernel plays
 * no part.
 *
 * @throws {DeviceWithoutDriverError} if it is to fit a device that nothing of the kernel drives
 * @throws {Error} if the root has no modules for that kernel, depmod has not run, or a module is damaged
 */
export async function buildDrivers(tree: FileTree, version: string, request: DriversRequest = {}): Promise<Drivers> {
  const index = await readModuleIndex(tree, version)
  const architecture = await architectureOfKernel(tree, index)
  const forRoot = loadableModules(index, MODULES_FOR_ROOT)
  const { modules, aliases, reasons } = selectModules(index, [
    ...namedModules(index, request.modules ?? [], 'asked for by name'),
    ...namedModules(index, forRoot, 'loaded for every root'),
    ...modulesOfScope(index, request.scope ?? { kind: 'generic' }, architecture),
  ])
  const files = await readModules(tree, version, modules)
  const { asked, leftOut } = firmwareRequests(modules, files.infos, new Set(request.modules?.map(normalizeModuleName)))
  const firmware = await findFirmware(tree, version, asked)
  const directory = `lib/modules/${version}`
  const entries = completeTree([
    ...files.entries,
    textFile(byteStringOf(`${directory}/modules.dep`), renderModulesDep(files.lines)),
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
    paths: modules.map(({ path }) => path),
    reasons: Object.fromEntries(modules.map(({ name }) => [name, reasons.get(name) ?? ''])),
    modulesForRoot: forRoot,
    missingForRoot: MODULES_FOR_ROOT.filter((name) => !index.modules.has(name) && !index.builtin.has(name)),
    firmware: firmware.entries.map(({ name }) => name.replace(/^lib\/firmware\//, '')),
    firmwareReasons: Object.fromEntries(firmware.reasons),
    missingFirmware: firmware.missing.map((missing) => withCard(missing, files.infos)),
    firmwareLeftOut: leftOut,
    ignoredConfig: index.config.ignored,
  }
  return { entries, report }
}

/** What the modules ask for, without that of `FIRMWARE_LEFT_OUT`; what was named by a person stays. */
function firmwareRequests(
  modules: readonly ModuleLine[],
  infos: ReadonlyMap<string, ModuleInfo>,
  named: ReadonlySet<string>,
): { asked: FirmwareRequest[]; leftOut: number } {
  const globs = FIRMWARE_LEFT_OUT.map(globRegExp)
  const all = modules.flatMap(({ name: module, path }) =>
    [...new Set(infos.get(module)?.get('firmware'))].map((name) => ({ module, name, path })),
  )
  const asked = all.filter(({ module, path }) => named.has(module) || !globs.some((glob) => glob.test(path)))
  return { asked: asked.map(({ module, name }) => ({ module, name })), leftOut: all.length - asked.length }
}

function withCard(missing: FirmwareRequest, infos: ReadonlyMap<string, ModuleInfo>): MissingFirmware {
  const card = infos.get(missing.module)?.get('description')?.[0] ?? missing.module
  const debianPackage = firmwarePackage(missing.name)
  return { ...missing, card, ...(debianPackage === undefined ? {} : { debianPackage }) }
}
