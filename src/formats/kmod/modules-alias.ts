import { normalizeModuleName } from './module-name.ts'

/** One line of modules.alias: which module drives what a pattern matches. */
export interface ModuleAlias {
  /** Shell pattern such as `pci:v00008086d0000100Esv*sd*bc*sc*i*`, or a plain name such as `fs-nfs4`. */
  readonly pattern: string
  readonly module: string
}

/** Reads modules.alias: `alias PATTERN MODULE`, one a line. Other lines are comments. */
export function parseModulesAlias(text: string): ModuleAlias[] {
  return text.split('\n').flatMap((line) => {
    const [word, pattern, module] = line.trim().split(/\s+/)
    return word !== 'alias' || pattern === undefined || module === undefined
      ? []
      : [{ pattern, module: normalizeModuleName(module) }]
  })
}

/** Writes modules.alias. */
export function renderModulesAlias(aliases: readonly ModuleAlias[]): string {
  return aliases.map(({ pattern, module }) => `alias ${pattern} ${module}\n`).join('')
}

/** Finds the modules that a name or a device's modalias asks for. */
export class AliasTable {
  readonly #plain = new Map<string, string[]>()
  readonly #patterns: { readonly pattern: string; readonly start: string; readonly module: string }[] = []

  constructor(aliases: Iterable<ModuleAlias>) {
    for (const { pattern, module } of aliases) {
      const start = /^[^*?[\\]*/.exec(pattern)?.[0] ?? ''
      if (start === pattern) this.#addPlain(normalizeModuleName(pattern), module)
      else this.#patterns.push({ pattern, start, module })
    }
  }

  /** Modules in the order of the table, each once. */
  modulesFor(name: string): string[] {
    const found = [...(this.#plain.get(normalizeModuleName(name)) ?? [])]
    for (const { pattern, start, module } of this.#patterns) {
      if (name.startsWith(start) && patternRegExp(pattern).test(name)) found.push(module)
    }
    return [...new Set(found)]
  }

  /** Modules whose pattern, as it is written, is one that the caller wants. */
  modulesMatching(isWanted: (pattern: string) => boolean): string[] {
    return [...new Set(this.#patterns.flatMap(({ pattern, module }) => (isWanted(pattern) ? [module] : [])))]
  }

  #addPlain(name: string, module: string): void {
    const modules = this.#plain.get(name)
    if (modules === undefined) this.#plain.set(name, [module])
    else modules.push(module)
  }
}

/** As fnmatch(3) without flags, which is how modprobe matches: `*` takes slashes too. */
function patternRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '.*'
    if (part === '?') return '.'
    return part.length > 1 ? part.replace(/^\[!/, '[^') : part.replace(/[$()+./\\[\]^{|}]/, String.raw`\$&`)
  })
  return new RegExp(`^${source}$`, 's')
}
