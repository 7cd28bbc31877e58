import { access, constants } from 'node:fs/promises'
import type { ConfigProblem } from '../config/error.ts'
import { type LoadedConfig, refuseIfAny } from '../config/load.ts'

/**
 * Checks that the files that `loaders:` names can be read: a machine that asks for one cannot say what is wrong.
 *
 * @throws {ConfigError} with each that cannot, and its place
 */
export async function checkGivenLoaders({ config, file, source }: LoadedConfig): Promise<void> {
  const problems: ConfigProblem[] = []
  for (const [name, path] of Object.entries(config.loaders)) {
    await access(path, constants.R_OK).catch((error: Error) => {
      problems.push(source.atValue(['loaders', name], `${name}: cannot be read: ${error.message}`))
    })
  }
  refuseIfAny(file, problems)
}
