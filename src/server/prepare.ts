import { join } from 'node:path'
import { Loaders } from '../boot/loaders/files.ts'
import { USUAL_LOADERS } from '../boot/loaders/select.ts'
import type { EffectiveProfile } from '../config/effective.ts'
import { configsOfClasses } from '../config/classes.ts'
import type { Config } from '../config/schema.ts'
import { bootableProfiles } from '../config/start.ts'
import { StoreError } from '../image/release.ts'
import { ReleaseStore } from '../image/store.ts'
import { Parts } from './parts.ts'
import { Releases } from './releases.ts'

export interface PrepareOptions {
  readonly config: Config
  readonly storeDirectory: string
  readonly releases: Releases
  readonly parts: Parts
  /** Told what is being made, for people who wait. */
  readonly onStep?: (what: string) => void
  /** Told of loaders that most machines do without, and why they are not to be had. */
  readonly onMissing?: (names: readonly string[], cause: unknown) => void
  /** Stops between any two things that are made. */
  readonly signal?: AbortSignal
}

/**
 * Makes what every profile in use boots, and fetches the loaders, so that the first machine need not wait. What is in
 * the store already is found again; only what is not needs the network.
 *
 * @throws {StoreError} if an image, release or kernel is missing
 * @throws {Error} if a Debian package is neither in the store nor can be fetched
 */
export async function prepareBoots(options: PrepareOptions): Promise<Loaders> {
  const { config, storeDirectory, releases, parts, onStep = () => undefined, signal } = options
  try {
    onStep('preparing kernels and initramfs')
    const ofClasses = configsOfClasses(config).flatMap((one) => bootableProfiles(one))
    const ofClients = Object.values(config.clients).flatMap((client) => bootableProfiles(config, client))
    for (const profile of [...ofClasses, ...ofClients]) {
      signal?.throwIfAborted()
      await prepareProfile(profile, releases, parts)
    }
    onStep('preparing boot loaders')
    const loaders = new Loaders(join(storeDirectory, 'cache'), new Map(Object.entries(config.loaders)))
    for (const name of usualLoaders(config)) await loaders.get(name, signal)
    await prepareSigned(loaders, options)
    return loaders
  } catch (error) {
    throw withAdvice(error, storeDirectory)
  }
}

/** For the few machines with Secure Boot: without it all others boot, unless a profile names it. */
async function prepareSigned(loaders: Loaders, { onMissing, signal }: PrepareOptions): Promise<void> {
  const missing: { readonly name: string; readonly error: unknown }[] = []
  for (const name of USUAL_LOADERS.grub) {
    await loaders.get(name, signal).catch((error: unknown) => missing.push({ name, error }))
    signal?.throwIfAborted()
  }
  const [first] = missing
  if (first === undefined) return
  onMissing?.(
    missing.map(({ name }) => name),
    first.error,
  )
}

async function prepareProfile(profile: EffectiveProfile, releases: Releases, parts: Parts): Promise<void> {
  const chosen = await releases.choose(profile)
  const { modules } = profile
  const { drivers } = await parts.ensure(chosen, modules)
  if (profile.drivers === 'all') await parts.drivers(chosen, { scope: { kind: 'all' }, modules })
  if (profile.ssh) await parts.ssh(chosen, drivers.report)
}

function usualLoaders(config: Config): ReadonlySet<string> {
  const asked = [...Object.values(config.profiles), ...Object.values(config.clients)].map(
    ({ loader = 'ipxe' }) => loader,
  )
  return new Set([...USUAL_LOADERS.ipxe, ...asked.flatMap((kind) => USUAL_LOADERS[kind])])
}

/** What to do about a store that cannot be written: one where everything is made already need not be. */
function withAdvice(error: unknown, directory: string): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (!['EACCES', 'EROFS', 'EPERM', 'ENOSPC', 'EDQUOT'].includes(code)) return error
  const advice = /NOSPC|DQUOT/.test(code) ? 'make room there' : 'run netroot as its owner'
  const text = `Cannot make in ${directory} what machines boot; ${advice}, or name another store with --store`
  return new StoreError(text, { cause: error })
}

/** The same for a store that nobody serves now: afterwards `netroot up` starts without the Internet. */
export async function prepareStore(
  config: Config,
  storeDirectory: string,
  { onStep, signal }: Pick<PrepareOptions, 'onStep' | 'signal'> = {},
): Promise<void> {
  await using releases = new Releases(await ReleaseStore.open(storeDirectory))
  const parts = new Parts(storeDirectory, releases)
  const telling = onStep === undefined ? {} : { onStep }
  await prepareBoots({
    config,
    storeDirectory,
    releases,
    parts,
    ...telling,
    ...(signal === undefined ? {} : { signal }),
  })
}
