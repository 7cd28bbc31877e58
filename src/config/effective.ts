import type { Mac } from '../net/mac.ts'
import type { Client, Config, Profile, RootTransport } from './schema.ts'

/** A client together with its name. */
export interface NamedClient extends Client {
  readonly name: string
}

/** What one machine boots, with inheritance and the client's own words resolved. */
export interface EffectiveProfile {
  /** Name of the profile in netroot.yaml. */
  readonly name: string
  readonly image: string
  /** Digest of a release or the beginning of one; the newest where it is missing. */
  readonly release?: string
  /** Kernel version; the release's newest where it is missing. */
  readonly kernel?: string
  /** Tried in order. */
  readonly root: readonly RootTransport[]
  readonly writes: 'discard' | 'keep'
  /** `image`: the release's own initramfs instead of ours. */
  readonly initramfs: 'netroot' | 'image'
  /** Without it iPXE, and GRUB where there is no iPXE. */
  readonly loader?: NonNullable<Profile['loader']>
  readonly drivers: 'auto' | 'generic' | 'all'
  /** Further kernel modules for the initramfs. */
  readonly modules: readonly string[]
  /** Does the initramfs let people log in? */
  readonly ssh: boolean
  readonly commandLine: readonly string[]
  /** Host name of machines nobody named; `{mac}` is not yet replaced. */
  readonly hostname?: string
}

/** Of machines nobody named: one name each, and one that says which machine it is. */
export const DEFAULT_HOST_NAME = 'pc-{mac}'

/** The client that netroot.yaml names for this MAC address. */
export function clientOf(config: Config, mac: Mac): NamedClient | undefined {
  const found = Object.entries(config.clients).find(([, client]) => client.mac === mac)
  return found === undefined ? undefined : { name: found[0], ...found[1] }
}

/** Name of the profile of machines nobody named: the one called so, or the only one. */
export function defaultProfileName(config: Pick<Config, 'default' | 'profiles'>): string | undefined {
  const names = Object.keys(config.profiles)
  return config.default ?? (names.length === 1 ? names[0] : undefined)
}

/**
 * What a machine boots: its profile, what that inherits, and over all what the client itself says. Command lines add
 * up, the inherited words first, because the kernel takes the last of two equal ones.
 *
 * @param client undefined for a machine nobody named
 * @param chosen the profile that somebody chose in the menu of the machine's own
 * @returns undefined where netroot.yaml says that such machines boot nothing from here
 * @throws {TypeError} if the profile does not exist or has no image, which `loadConfig` has refused before
 */
export function effectiveProfile(config: Config, client?: Client, chosen?: string): EffectiveProfile | undefined {
  if (client === undefined && config.unknown !== 'boot') return undefined
  const { name, layers, merged } = mergedProfile(config, client, chosen)
  if (merged.image === undefined) throw new TypeError(`Cannot boot profile ${name}: it has no image`)
  const commandLine = layers.flatMap((layer) => layer.cmdline ?? [])
  return {
    name,
    image: merged.image,
    ...(merged.release === undefined ? {} : { release: merged.release }),
    ...(merged.kernel === undefined ? {} : { kernel: merged.kernel }),
    root: merged.root ?? ['nfs'],
    writes: merged.writes ?? 'discard',
    initramfs: merged.initramfs ?? 'netroot',
    ...(merged.loader === undefined ? {} : { loader: merged.loader }),
    drivers: merged.drivers ?? 'auto',
    modules: merged.modules ?? [],
    ssh: merged.ssh ?? isSshWord(commandLine),
    commandLine,
    ...(client === undefined ? { hostname: merged.hostname ?? DEFAULT_HOST_NAME } : {}),
  }
}

/** A profile's keys with inheritance and the client's own words, and the layers that they come from. */
export interface MergedProfile {
  readonly name: string
  /** The farthest ancestor first, the client last. */
  readonly layers: readonly Partial<Profile>[]
  readonly merged: Partial<Profile>
}

/**
 * The keys that count for a machine; there may be no image among them.
 *
 * @throws {TypeError} if the profile does not exist
 */
export function mergedProfile(config: Config, client?: Client, chosen?: string): MergedProfile {
  const name = chosen ?? client?.profile ?? defaultProfileName(config)
  if (name === undefined) throw new TypeError('Cannot choose a profile: netroot.yaml has no default:')
  const layers: readonly Partial<Profile>[] = [...inheritance(config.profiles, name), ...(client ? [client] : [])]
  return { name, layers, merged: Object.assign({}, ...layers.map(withoutUndefined)) as Partial<Profile> }
}

/** Does the command line ask for an SSH server in the initramfs? The last of several words counts. */
function isSshWord(words: readonly string[]): boolean {
  return /^netroot\.ssh(?:=(?:1|yes))?$/.test(words.findLast((word) => /^netroot\.ssh(?:=|$)/.test(word)) ?? '')
}

/** The host name a machine is given: its client's, or made by its profile's pattern; '' where neither says one. */
export function hostNameOf(mac: Mac, profile: Pick<EffectiveProfile, 'hostname'>, client?: NamedClient): string {
  if (client !== undefined) return client.hostname ?? client.name
  return (profile.hostname ?? '').replaceAll('{mac}', mac.replaceAll(':', ''))
}

/**
 * A profile and what it inherits, the farthest ancestor first.
 *
 * @throws {TypeError} if one does not exist or inherits from itself
 */
export function inheritance(profiles: Readonly<Record<string, Profile>>, name: string): Profile[] {
  const chain: Profile[] = []
  const seen = new Set<string>()
  for (let next: string | undefined = name; next !== undefined; ) {
    const profile: Profile | undefined = profiles[next]
    if (profile === undefined) throw new TypeError(`Cannot find profile ${next}`)
    if (seen.has(next)) throw new TypeError(`Cannot resolve profile ${name}: ${next} inherits from itself`)
    seen.add(next)
    chain.unshift(profile)
    next = profile.inherit
  }
  return chain
}

/** Does a profile, or one that it inherits from, say that? Circles and profiles that do not exist end the search. */
export function hasKey(profiles: Profiles, name: string, says: (profile: Profile) => boolean): boolean {
  const seen = new Set<string>()
  for (let next: string | undefined = name; next !== undefined && !seen.has(next); next = profiles[next]?.inherit) {
    const profile = profiles[next]
    if (profile !== undefined && says(profile)) return true
    seen.add(next)
  }
  return false
}

/** `profiles:` of netroot.yaml. */
export type Profiles = Readonly<Record<string, Profile>>

function withoutUndefined(layer: Partial<Profile>): Partial<Profile> {
  return Object.fromEntries(Object.entries(layer).filter(([, value]) => value !== undefined)) as Partial<Profile>
}
