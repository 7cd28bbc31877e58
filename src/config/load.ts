import { readFile } from 'node:fs/promises'
import { ConfigError, type ConfigProblem } from './error.ts'
import { referenceProblems } from './references.ts'
import { salvage } from './salvage.ts'
import { type Config, configSchema } from './schema.ts'
import { schemaProblems } from './schema-problems.ts'
import { YamlSource } from './yaml-source.ts'

/** A configuration, and its file for checks that come later. */
export interface LoadedConfig {
  readonly config: Config
  readonly file: string
  readonly source: YamlSource
}

/**
 * Reads and checks netroot.yaml.
 *
 * @throws {ConfigError} with every mistake, each as `file:line:column: what was found, what was wanted`
 */
export async function loadConfig(file: string): Promise<LoadedConfig> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(file, [{ line: 1, column: 1, text: `cannot be read: ${reason}` }], { cause })
  }
  return parseConfig(text, file)
}

/**
 * Checks the text of a netroot.yaml.
 *
 * @throws {ConfigError} with every mistake
 */
export function parseConfig(text: string, file: string): LoadedConfig {
  const source = new YamlSource(text)
  if (source.problems.length > 0) throw new ConfigError(file, source.problems)
  if (source.isEmpty) throw new ConfigError(file, [{ line: 1, column: 1, text: EMPTY }])
  const data = dataOf(source, file)
  const result = configSchema.safeParse(data)
  if (result.success) {
    refuseIfAny(file, referenceProblems(source, result.data))
    return { config: result.data, file, source }
  }
  const others = referenceProblems(source, salvage(data))
  throw new ConfigError(file, [...schemaProblems(source, data, result.error.issues), ...others])
}

const EMPTY =
  'the file is empty, want at least interface:, range: and profiles: (netroot up writes one where there is none)'

/** Throws if there are problems. */
export function refuseIfAny(file: string, problems: readonly ConfigProblem[]): void {
  if (problems.length > 0) throw new ConfigError(file, problems)
}

function dataOf(source: YamlSource, file: string): unknown {
  try {
    return source.toData()
  } catch (cause) {
    throw new ConfigError(file, [{ line: 1, column: 1, text: 'its aliases unfold to too much' }], { cause })
  }
}
