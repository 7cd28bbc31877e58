import { elfSection } from '../elf.ts'
import { normalizeModuleName } from './module-name.ts'
import type { ModuleAlias } from './modules-alias.ts'

/** What a module says of itself: each field with its values in their order, such as `firmware` or `alias`. */
export type ModuleInfo = ReadonlyMap<string, readonly string[]>

/**
 * Reads the `.modinfo` section of a module (uncompressed): `name=value` strings that end in a NUL.
 *
 * @throws {WireError} if the file is no ELF file
 */
export function readModuleInfo(module: Uint8Array): ModuleInfo {
  const section = elfSection(module, '.modinfo') ?? new Uint8Array()
  const fields = new Map<string, string[]>()
  for (const text of Buffer.from(section).toString('utf8').split('\0')) {
    const equals = text.indexOf('=')
    if (equals > 0) addTo(fields, text.slice(0, equals), text.slice(equals + 1))
  }
  return fields
}

/** Aliases of the modules inside the kernel, from modules.builtin.modinfo: `module.alias=pattern`, NUL-terminated. */
export function parseBuiltinAliases(bytes: Uint8Array): ModuleAlias[] {
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\0')
    .flatMap((text) => {
      const [, module, pattern] = /^([^.]+)\.alias=(.+)$/.exec(text) ?? []
      return module === undefined || pattern === undefined ? [] : [{ pattern, module: normalizeModuleName(module) }]
    })
}

function addTo(map: Map<string, string[]>, key: string, value: string): void {
  const values = map.get(key)
  if (values === undefined) map.set(key, [value])
  else values.push(value)
}
