import { globRegExp } from '../formats/glob.ts'
import { AliasTable, type ModuleAlias } from '../formats/kmod/modules-alias.ts'
import type { ModuleLine } from '../formats/kmod/modules-dep.ts'
import { normalizeModuleName } from '../formats/kmod/module-name.ts'
import type { Feature } from './contents.ts'
import type { ModuleIndex } from './module-index.ts'

/** A module that is to be there, and the reason in words that follow its name: `network cards`. */
export interface Wanted {
  readonly module: string
  readonly why: string
}

/** The modules of a drivers part. */
export interface Selection {
  /** By path; `needs` hold the soft dependencies too. */
  readonly modules: readonly ModuleLine[]
  /** The aliases of these modules, in the order of the root's. */
  readonly aliases: readonly ModuleAlias[]
  /** Why each is there, by name. */
  readonly reasons: ReadonlyMap<string, string>
}

/**
 * Brings the wanted modules together with all that they need. busybox modprobe does not know soft dependencies, so
 * they become dependencies; where such a module itself needs the one that asks for it, it gets that one's aliases
 * instead, and is loaded after it for the same device.
 */
export function selectModules(index: ModuleIndex, wanted: readonly Wanted[]): Selection {
  const resolver = new Resolver(index)
  const reasons = new Map(wanted.toReversed().map(({ module, why }) => [module, why])) // the first reason of each
  const add = (name: string, why: string): unknown => reasons.has(name) || reasons.set(name, why)
  for (const name of reasons.keys()) {
    // goes on through what is added meanwhile
    for (const other of resolver.needsOf(name)) add(other, `needed by ${name}`)
    for (const other of resolver.followersOf(name)) add(other, `goes with ${name}`)
  }
  const lines = [...reasons.keys()].flatMap((name) => index.modules.get(name) ?? [])
  const modules = lines.map((line) => ({ ...line, needs: resolver.needsOf(line.name) }))
  return { modules: modules.toSorted(byPath), aliases: aliasesOf(index, reasons, resolver), reasons }
}

/** The chosen of these modules, with what follows each: `MODULES_FOR_ROOT`. */
export function loadableModules(index: ModuleIndex, names: readonly string[]): string[] {
  const resolver = new Resolver(index)
  const there = names.filter((name) => index.modules.has(name))
  return [...new Set(there.flatMap((name) => [name, ...resolver.followersOf(name)]))]
}

/** Modules whose path matches a feature. */
export function modulesOfFeatures(index: ModuleIndex, features: readonly Feature[]): Wanted[] {
  const paths = [...index.modules.values()].map(({ name, path }) => ({
    name,
    path: path.replace(/\.ko(?:\.\w+)?$/, ''),
  }))
  return features.flatMap(({ name: why, include, exclude }) => {
    const [yes, no] = [include.map(globRegExp), exclude.map(globRegExp)]
    const matches = (path: string): boolean =>
      yes.some((glob) => glob.test(path)) && !no.some((glob) => glob.test(path))
    return paths.filter(({ path }) => matches(path)).map(({ name }) => ({ module: name, why }))
  })
}

/**
 * Modules by name; none for what is part of the kernel.
 *
 * @throws {Error} if one is neither there nor part of the kernel
 */
export function namedModules(index: ModuleIndex, names: readonly string[], why: string): Wanted[] {
  return names.flatMap((given) => {
    const module = normalizeModuleName(given)
    if (index.modules.has(module)) return [{ module, why }]
    if (index.builtin.has(module)) return []
    throw new Error(`Cannot find the module "${given}" of kernel ${index.version}, want a name from its modules.dep`)
  })
}

function aliasesOf(index: ModuleIndex, chosen: ReadonlyMap<string, unknown>, resolver: Resolver): ModuleAlias[] {
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
  readonly #insideKernel: ReadonlySet<string>

  constructor(index: ModuleIndex) {
    this.#index = index
    this.#aliases = new AliasTable(index.aliases)
    this.#insideKernel = new Set(index.builtinAliases.map(({ pattern }) => pattern))
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
    if (this.#index.builtin.has(module) || this.#insideKernel.has(name)) return []
    return this.#aliases.modulesFor(name).filter((found) => this.#index.modules.has(found))
  }
}
