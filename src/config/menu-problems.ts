import { hasKey } from './effective.ts'
import type { ConfigProblem } from './error.ts'
import { nearest } from './nearest.ts'
import type { Client, Config, Profile } from './schema.ts'
import { LOCAL_ENTRY } from './start.ts'
import type { ConfigPath, YamlSource } from './yaml-source.ts'

/** What menus name and there is not, or cannot be booted. */
export function menuProblems(
  source: YamlSource,
  { profiles = {}, clients = {} }: Pick<Partial<Config>, 'profiles' | 'clients'>,
): ConfigProblem[] {
  const holders: [ConfigPath, Profile | Client][] = [
    ...Object.entries(profiles).map(([name, one]): [ConfigPath, Profile] => [['profiles', name], one]),
    ...Object.entries(clients).map(([name, one]): [ConfigPath, Client] => [['clients', name], one]),
  ]
  return holders.flatMap(([path, { menu }]) =>
    (menu?.entries ?? []).flatMap((entry, index) => {
      const text = problemOf(entry, profiles)
      return text === undefined ? [] : [source.atValue([...path, 'menu', 'entries', index], `entries: ${text}`)]
    }),
  )
}

function problemOf(entry: string, profiles: Readonly<Record<string, Profile>>): string | undefined {
  const names = Object.keys(profiles)
  if (entry === LOCAL_ENTRY) {
    return names.includes(entry)
      ? 'local is the own disk of the machine, give the profile local another name'
      : undefined
  }
  if (!names.includes(entry)) {
    const guess = nearest(entry, [...names, LOCAL_ENTRY])
    const want = guess === undefined ? `want some of ${names.join(', ')} and local` : `did you mean ${guess}?`
    return `there is no profile ${entry}, ${want}`
  }
  const hasImage = hasKey(profiles, entry, ({ image }) => image !== undefined)
  return hasImage ? undefined : `profile ${entry} has no image:, so nobody can choose it`
}
