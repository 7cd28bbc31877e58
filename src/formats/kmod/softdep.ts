import { normalizeModuleName } from './module-name.ts'

/** What should be loaded along with a module, where it is there: names of modules or aliases. modprobe.d(5) "softdep". */
export interface SoftDependency {
  readonly module: string
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/**
 * Reads modules.softdep, or the softdep lines of a modprobe.d file: `softdep MODULE pre: NAME… post: NAME…`. Names
 * without a label count as `pre`, as modules from before there were labels meant them.
 */
export function parseSoftdeps(text: string): SoftDependency[] {
  return text.split('\n').flatMap((line) => {
    const [word, module, ...rest] = line.trim().split(/\s+/)
    if (word !== 'softdep' || module === undefined) return []
    const labelled = { before: [] as string[], after: [] as string[] }
    let label: keyof typeof labelled = 'before'
    for (const name of rest) {
      if (name === 'pre:') label = 'before'
      else if (name === 'post:') label = 'after'
      else labelled[label].push(name)
    }
    return [{ module: normalizeModuleName(module), ...labelled }]
  })
}
