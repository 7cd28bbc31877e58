import { DEFAULT_HOST_NAME, type EffectiveProfile, effectiveProfile, mergedProfile } from './effective.ts'
import type { Client, Config, Profile } from './schema.ts'

/** The entry of a menu that is the machine's own disk. */
export const LOCAL_ENTRY = 'local'

/** What a machine is told before anybody chooses, whatever it boots then. */
interface StartSettings {
  /** Without it iPXE, and GRUB where there is no iPXE. */
  readonly loader?: NonNullable<Profile['loader']>
  /** Host name of machines nobody named; `{mac}` is not yet replaced. */
  readonly hostname?: string
}

/** How a machine starts: from the network, from its own disk and why, or as somebody chooses. */
export type Start = StartSettings &
  (
    | { readonly kind: 'boot' }
    | { readonly kind: 'local'; readonly why: string }
    | { readonly kind: 'menu'; readonly menu: NonNullable<Profile['menu']> }
  )

/**
 * How a machine starts.
 *
 * @param client undefined for a machine nobody named
 * @returns undefined for one that is to be ignored
 */
export function startOf(config: Config, client?: Client): Start | undefined {
  if (client === undefined && config.unknown === 'ignore') return undefined
  if (client === undefined && config.unknown === 'local') {
    return { kind: 'local', why: 'unknown: local', hostname: DEFAULT_HOST_NAME }
  }
  const { name, merged } = mergedProfile(config, client)
  const settings = {
    ...(merged.loader === undefined ? {} : { loader: merged.loader }),
    ...(client === undefined ? { hostname: merged.hostname ?? DEFAULT_HOST_NAME } : {}),
  }
  if (merged.boot === 'local') return { ...settings, kind: 'local', why: `profile ${name}: boot: local` }
  return merged.menu === undefined ? { ...settings, kind: 'boot' } : { ...settings, kind: 'menu', menu: merged.menu }
}

/** All that a machine may boot from the network: its profile, or those that its menu offers. */
export function bootableProfiles(config: Config, client?: Client): EffectiveProfile[] {
  const start = startOf(config, client)
  if (start === undefined || start.kind === 'local') return []
  const chosen = start.kind === 'menu' ? start.menu.entries.filter((entry) => entry !== LOCAL_ENTRY) : [undefined]
  return chosen.flatMap((name) => effectiveProfile(config, client, name) ?? [])
}
