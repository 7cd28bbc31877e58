import { moduleNameOfPath } from './module-name.ts'

/** One line of modules.dep, modules.dep(5). */
export interface ModuleLine {
  readonly name: string
  /** Below `/lib/modules/VERSION`, such as `kernel/fs/nfs/nfs.ko.xz`. */
  readonly path: string
  /** Names of all modules that must be loaded before, those to load last first, as depmod writes them. */
  readonly needs: readonly string[]
}

/**
 * Reads modules.dep: `path: path…`, one module a line.
 *
 * @throws {Error} naming the line that is not one
 */
export function parseModulesDep(text: string): Map<string, ModuleLine> {
  const lines = new Map<string, ModuleLine>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const colon = line.indexOf(':')
    const path = colon < 0 ? line : line.slice(0, colon)
    const name = nameIn(path.trim(), index)
    if (colon < 0)
      throw new Error(`Cannot read modules.dep, line ${index + 1}: "${line}" has no colon, want PATH: PATH…`)
    const rest = line.slice(colon + 1).split(/\s+/)
    lines.set(name, { name, path, needs: rest.filter((word) => word !== '').map((word) => nameIn(word, index)) })
  }
  return lines
}

function nameIn(path: string, index: number): string {
  const name = moduleNameOfPath(path)
  if (name !== undefined) return name
  throw new Error(`Cannot read modules.dep, line ${index + 1}: "${path}" is no module, want a name ending in .ko`)
}

/**
 * Writes modules.dep for these modules, in their order.
 *
 * @throws {Error} if a module needs one that is not among them
 */
export function renderModulesDep(modules: readonly ModuleLine[]): string {
  const paths = new Map(modules.map(({ name, path }) => [name, path]))
  const pathOf = (need: string, by: string): string => {
    const path = paths.get(need)
    if (path === undefined)
      throw new Error(`Cannot write modules.dep: ${by} needs ${need}, which is not among the modules`)
    return path
  }
  return modules
    .map(({ name, path, needs }) => `${[`${path}:`, ...needs.map((need) => pathOf(need, name))].join(' ')}\n`)
    .join('')
}

/** Names of the modules that are part of the kernel itself, from modules.builtin: one path a line. */
export function parseModulesBuiltin(text: string): Set<string> {
  return new Set(text.split('\n').flatMap((line) => moduleNameOfPath(line.trim()) ?? []))
}
