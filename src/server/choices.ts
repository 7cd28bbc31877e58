import { configsOfClasses } from '../config/classes.ts'
import { type EffectiveProfile, inheritance, type NamedClient } from '../config/effective.ts'
import type { ConfigProblem } from '../config/error.ts'
import { type LoadedConfig, refuseIfAny } from '../config/load.ts'
import { bootableProfiles } from '../config/start.ts'
import type { ConfigPath } from '../config/yaml-source.ts'
import { ChoiceError, type ChoiceField, type Releases } from './releases.ts'

/**
 * Checks that the store has what every profile in use boots.
 *
 * @throws {ConfigError} with every image, release and kernel that it has not, each with its place in the file
 */
export async function checkChoices(loaded: LoadedConfig, releases: Releases): Promise<void> {
  const { config, file } = loaded
  const named = Object.entries(config.clients).map(([name, client]) => ({ name, ...client }))
  const problems = new Map<string, ConfigProblem>()
  const inUse: { profile: EffectiveProfile; client?: NamedClient }[] = [
    ...configsOfClasses(config).flatMap((one) => bootableProfiles(one).map((profile) => ({ profile }))),
    ...named.flatMap((client) => bootableProfiles(config, client).map((profile) => ({ profile, client }))),
  ]
  for (const { profile, client } of inUse) {
    const problem = await problemOf(loaded, releases, profile, client)
    if (problem !== undefined) problems.set(JSON.stringify(problem), problem) // many machines, one profile: told once
  }
  refuseIfAny(file, [...problems.values()])
}

async function problemOf(
  loaded: LoadedConfig,
  releases: Releases,
  profile: EffectiveProfile,
  client?: NamedClient,
): Promise<ConfigProblem | undefined> {
  if (profile.writes === 'keep' && profile.initramfs === 'image') {
    const text = 'writes: keep needs initramfs: netroot, since the image mounts its root read-only'
    return loaded.source.atValue(placeOf(loaded, 'writes', profile.name, client), text)
  }
  try {
    await releases.choose(profile)
    return undefined
  } catch (error) {
    if (!(error instanceof ChoiceError)) throw error
    return loaded.source.atValue(placeOf(loaded, error.field, profile.name, client), error.message)
  }
}

/** Where the file says what a machine boots: at its client, in its profile, or in what that inherits from. */
function placeOf(
  { config }: LoadedConfig,
  field: ChoiceField | 'writes',
  profile: string,
  client?: NamedClient,
): ConfigPath {
  if (client?.[field] !== undefined) return ['clients', client.name, field]
  const layer = inheritance(config.profiles, profile).findLast((one) => one[field] !== undefined)
  const name = Object.entries(config.profiles).find(([, one]) => one === layer)?.[0] ?? profile
  return ['profiles', name, field]
}
