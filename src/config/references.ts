import { defaultProfileName, hasKey, type Profiles } from './effective.ts'
import type { ConfigProblem } from './error.ts'
import type { Client, Config, Profile } from './schema.ts'
import type { ConfigPath, YamlSource } from './yaml-source.ts'
import { menuProblems } from './menu-problems.ts'
import { nearest } from './nearest.ts'
import { nfsProblems } from './nfs-problems.ts'

/** What keys owe each other: names that exist, addresses that are given once, inheritance that ends. */
export function referenceProblems(source: YamlSource, config: Partial<Config>): ConfigProblem[] {
  const clients = Object.entries(config.clients ?? {})
  return [
    ...duplicates(source, clients, 'mac'),
    ...duplicates(source, clients, 'address'),
    ...duplicates(source, clients, 'address6'),
    ...serverAddressTaken(source, config),
    ...sshWithoutKeys(source, config),
    ...nfsProblems(source, config),
    ...(config.profiles === undefined ? [] : profileProblems(source, { ...config, profiles: config.profiles })),
  ]
}

/** Whoever asks for a login says whose: an SSH server without keys lets nobody in and looks broken. */
function sshWithoutKeys(source: YamlSource, { ssh, profiles, clients }: Partial<Config>): ConfigProblem[] {
  if (ssh !== undefined && !('keys' in ssh && ssh.keys.length === 0)) return []
  const all = [
    ...Object.entries(profiles ?? {}).map(([name, one]) => ({ path: ['profiles', name], one })),
    ...Object.entries(clients ?? {}).map(([name, one]) => ({ path: ['clients', name], one })),
  ]
  return all.flatMap(({ path, one }) => {
    const key =
      one.ssh === true ? 'ssh' : one.cmdline?.some((word) => SSH_WORD.test(word)) === true ? 'cmdline' : undefined
    if (key === undefined) return []
    const want = 'want ssh: at the top of the file, with a list of public keys or a file of them'
    return [source.atValue([...path, key], `${key}: asks for a login over SSH, and no key may log in; ${want}`)]
  })
}

const SSH_WORD = /^netroot\.ssh(?:=(?:1|yes))?$/

type WithProfiles = Partial<Config> & { readonly profiles: Record<string, Profile> }

function duplicates(
  source: YamlSource,
  clients: readonly [string, Client][],
  key: 'mac' | 'address' | 'address6',
): ConfigProblem[] {
  const owner = new Map<string, string>()
  return clients.flatMap(([name, client]) => {
    const value = client[key]
    if (value === undefined) return []
    const first = owner.get(value)
    owner.set(value, first ?? name)
    if (first === undefined) return []
    return [source.atValue(['clients', name, key], `${key}: ${value} belongs to client ${first} already, want another`)]
  })
}

function serverAddressTaken(source: YamlSource, config: Partial<Config>): ConfigProblem[] {
  return Object.entries(config.clients ?? {})
    .filter(([, client]) => client.address !== undefined && client.address === config.address)
    .map(([name, client]) => {
      const text = `address: ${client.address} is the server's own address, want another`
      return source.atValue(['clients', name, 'address'], text)
    })
}

function profileProblems(source: YamlSource, config: WithProfiles): ConfigProblem[] {
  const { profiles } = config
  const names = Object.keys(profiles)
  if (names.length === 0) return [source.atValue(['profiles'], 'profiles: is empty, want one profile or more')]
  const uses = usesOf(config)
  return [
    ...uses.filter(({ name }) => !names.includes(name)).map(({ name, path }) => missing(source, path, name, names)),
    ...names.filter((name) => circular(profiles, name)).map((name) => circle(source, name)),
    ...withoutImage(source, config),
    ...menuProblems(source, config),
    ...withoutDefault(source, config),
  ]
}

/** Every place that names a profile. */
function usesOf(config: WithProfiles): { name: string; path: ConfigPath }[] {
  const uses = [
    { name: config.default, path: ['default'] },
    ...Object.entries(config.profiles).map(([name, { inherit }]) => ({
      name: inherit,
      path: ['profiles', name, 'inherit'],
    })),
    ...Object.entries(config.clients ?? {}).map(([name, { profile }]) => ({
      name: profile,
      path: ['clients', name, 'profile'],
    })),
    ...Object.entries(config.classes ?? {}).map(([name, { profile }]) => ({
      name: profile,
      path: ['classes', name, 'profile'],
    })),
  ]
  return uses.flatMap(({ name, path }) => (name === undefined ? [] : [{ name, path }]))
}

function missing(source: YamlSource, path: ConfigPath, name: string, names: readonly string[]): ConfigProblem {
  const guess = nearest(name, names)
  const want = guess === undefined ? `want one of ${names.join(', ')}` : `did you mean ${guess}?`
  return source.atValue(path, `${String(path.at(-1))}: there is no profile ${name}, ${want}`)
}

function circle(source: YamlSource, name: string): ConfigProblem {
  return source.atValue(['profiles', name, 'inherit'], `inherit: profile ${name} inherits from itself in a circle`)
}

/** Is the profile itself part of a circle? What merely leads into one is not. */
function circular(profiles: Profiles, name: string): boolean {
  const seen = new Set<string>()
  for (let next = profiles[name]?.inherit; next !== undefined && !seen.has(next); next = profiles[next]?.inherit) {
    if (next === name) return true
    seen.add(next)
  }
  return false
}

/** Profiles that machines boot need an image; those that others only inherit from do not. */
function withoutImage(source: YamlSource, config: WithProfiles): ConfigProblem[] {
  const fallback = defaultProfileName(config)
  const clients = Object.entries(config.clients ?? {})
  const fromClients = clients
    .filter(([, client]) => client.image === undefined && client.boot !== 'local' && client.menu === undefined)
    .map(([name, { profile }]) => ({ name: profile ?? fallback, path: ['clients', name] }))
  const ofOthers = (config.unknown ?? 'boot') !== 'boot' ? [] : [{ name: fallback, path: ['profiles', fallback ?? ''] }]
  const fromClasses = Object.values(config.classes ?? {}).map(({ profile }) => ({ name: profile }))
  const lacking = [...ofOthers, ...fromClasses, ...fromClients].filter(
    ({ name }) => name !== undefined && name in config.profiles && !bootsSomething(config.profiles, name),
  )
  const first = new Map(lacking.map(({ name }) => [name, ['profiles', name ?? '']]))
  return [...first].map(([name, path]) => {
    return source.atKey(path, `profile ${name ?? ''} is booted and has no image:, want the name of one`)
  })
}

/** An image, a menu that leads to one, or the machine's own disk. */
function bootsSomething(profiles: Profiles, name: string): boolean {
  return hasKey(profiles, name, (one) => one.image !== undefined || one.menu !== undefined || one.boot === 'local')
}

function withoutDefault(source: YamlSource, config: WithProfiles): ConfigProblem[] {
  if (defaultProfileName(config) !== undefined) return []
  const names = Object.keys(config.profiles).join(', ')
  const needed =
    (config.unknown ?? 'boot') === 'boot' ||
    Object.values(config.clients ?? {}).some(({ profile }) => profile === undefined)
  return needed
    ? [source.atKey(['profiles'], `default: is missing and there are several profiles, want one of ${names}`)]
    : []
}
