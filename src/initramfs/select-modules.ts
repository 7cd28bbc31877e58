import { globRegExp } from '../formats/glob.ts'
import { AliasTable, type ModuleAlias } from '../formats/kmod/modules-alias.ts'
import type { ModuleLine } from '../formats/kmod/modules-dep.ts'
import { normalizeModuleName } from '../formats/kmod/module-name.ts'
import type { Feature } from './contents.ts'
import type { ModuleIndex } from './module-index.ts'

/** The modules of a drivers part. */
export interface Selection {
  /** By path; `needs` hold the soft dependencies too. */
  readonly modules: readonly ModuleLine[]
  /** The aliases of these modules, in the order of the root's. */
  readonly aliases: readonly ModuleAlias[]
}

/**
 * Chooses modules by features and by name, with all that they need. busybox modprobe does not know soft dependencies,
 * so they become dependencies; where such a module itself needs the one that asks for it, it gets that one's aliases
 * instead, and is loaded after it for the same device.
 *
 * @throws {Error} if a named module is neither there nor part of the kernel
 */
export function selectModules(index: ModuleIndex, features: readonly Feature[], names: readonly string[]): Selection {
  const resolver = new Resolver(index)
  const wanted = [...modulesOfFeatures(index, features), ...names.flatMap((name) => namedModule(index, name))]
  const chosen = new Set<string>()
  const take = (name: string): void => {
    if (chosen.has(name)) return
    chosen.add(name)
    for (const other of [...resolver.needsOf(name), ...resolver.followersOf(name)]) take(other)
  }
  for (const name of wanted) take(name)
  const lines = [...chosen].flatMap((name) => index.modules.get(name) ?? [])
  const modules = lines.map((line) => ({ ...line, needs: resolver.needsOf(line.name) }))
  return { modules: modules.toSorted(byPath), aliases: aliasesOf(index, chosen, resolver) }
}

/** The chosen of these modules, with what follows each: `MODULES_FOR_ROOT`. */
export function loadableModules(index: ModuleIndex, names: readonly string[]): string[] {
  const resolver = new Resolver(index)
  const there = names.filter((name) => index.modules.has(name))
  return [...new Set(there.flatMap((name) => [name, ...resolver.followersOf(name)]))]
}

/** Modules whose path matches a feature. */
export function modulesOfFeatures(index: ModuleIndex, features: readonly Feature[]): string[] {
  return features.flatMap(({ include, exclude }) => {
    const [yes, no] = [include.map(globRegExp), exclude.map(globRegExp)]
    const matches = ({ path }: ModuleLine): boolean => {
      const bare = path.replace(/\.ko(?:\.\w+)?$/, '')
      return yes.some((glob) => glob.test(bare)) && !no.some((glob) => glob.test(bare))
    }
    return [...index.modules.values()].filter(matches).map(({ name }) => name)
  })
}

function namedModule(index: ModuleIndex, given: string): string[] {
  const name = normalizeModuleName(given)
  if (index.modules.has(name)) return [name]
  if (index.builtin.has(name)) return []
  throw new Error(`Cannot find the module "${given}" of kernel ${index.version}, want a name from its modules.dep`)
}

function aliasesOf(index: ModuleIndex, chosen: ReadonlySet<string>, resolver: Resolver): ModuleAlias[] {
  return index.aliases
    .filter(({ module }) => chosen.has(module))
    .flatMap(({ pattern, module }) =>
      [module, ...resolver.followersOf(module)].map((name) => ({ pattern, module: name })),
    )
}

function byPath(a: ModuleLine, b: ModuleLine): number {
  return a.path < b.path ? -1 : 1
}

/** Turns names of soft dependencies into modules and works out what must be loaded before what. */
class Resolver {
  readonly #index: ModuleIndex
  readonly #aliases: AliasTable
  readonly #soft = new Map<string, string[]>()
  readonly #needs = new Map<string, readonly string[]>()

  constructor(index: ModuleIndex) {
    this.#index = index
    this.#aliases = new AliasTable(index.aliases)
    for (const { module, before, after } of index.softdeps) {
      const names = [...before, ...after].flatMap((name) => this.#modulesNamed(name))
      this.#soft.set(module, [...(this.#soft.get(module) ?? []), ...names])
    }
  }

  /** All that must be loaded before a module, those to load last first. */
  needsOf(name: string): readonly string[] {
    const known = this.#needs.get(name)
    if (known !== undefined) return known
    const all: string[] = []
    this.#visit(name, all, new Set())
    const needs = this.#inHardOrder(all.filter((other) => !this.#isNeededBy(name, other))).toReversed()
    this.#needs.set(name, needs)
    return needs
  }

  /** Soft dependencies that themselves need the module, so must come after it. */
  followersOf(name: string): string[] {
    return (this.#soft.get(name) ?? []).filter((other) => other !== name && this.#isNeededBy(name, other))
  }

  /** Depth first: what a module needs in any way, then the module. */
  #visit(name: string, order: string[], seen: Set<string>): void {
    if (seen.has(name)) return
    seen.add(name)
    for (const other of [...(this.#soft.get(name) ?? []), ...this.#hardNeeds(name).toReversed()])
      this.#visit(other, order, seen)
    order.push(name)
  }

  /** Soft dependencies may run in circles, hard ones cannot: these decide. */
  #inHardOrder(names: readonly string[]): string[] {
    return [...new Set(names.flatMap((name) => [...this.#hardNeeds(name).toReversed(), name]))]
  }

  #isNeededBy(name: string, other: string): boolean {
    return other === name || this.#hardNeeds(other).includes(name)
  }

  #hardNeeds(name: string): readonly string[] {
    return this.#index.modules.get(name)?.needs ?? []
  }

  /** A soft dependency may name a module, something inside the kernel, an alias, or nothing that this kernel has. */
  #modulesNamed(name: string): string[] {
    const module = normalizeModuleName(name)
    if (this.#index.modules.has(module)) return [module]
    if (this.#index.builtin.has(module) || this.#index.builtinAliases.has(name)) return []
    return this.#aliases.modulesFor(name).filter((found) => this.#index.modules.has(found))
  }
}
