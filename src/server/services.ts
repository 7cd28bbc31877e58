import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { LoadedConfig } from '../config/load.ts'
import { Keeps } from '../image/keeps.ts'
import { ReleaseStore } from '../image/store.ts'
import type { Logger } from '../sys/log.ts'
import { Admission } from './admission.ts'
import type { BootServices } from './boot-services.ts'
import { checkChoices } from './choices.ts'
import { DriversChoice } from './drivers-choice.ts'
import { checkGivenLoaders } from './given-loaders.ts'
import { KeepExports } from './keep-exports.ts'
import { collectParts } from './part-cache.ts'
import { Parts } from './parts.ts'
import { Plans } from './plans.ts'
import { prepareBoots } from './prepare.ts'
import { Releases } from './releases.ts'
import { sshKeys } from './ssh-keys.ts'

export interface ServicesOptions {
  readonly loaded: LoadedConfig
  readonly storeDirectory: string
  readonly log: Logger
  /** Told what is being prepared, for people who wait. */
  readonly onStep?: (what: string) => void
}

/** What outlives a configuration. */
type Lasting = Omit<BootServices, 'plans' | 'loaders' | 'keys'>

/**
 * Makes or finds all that machines will ask for.
 *
 * @throws {ConfigError}, {StoreError}, {Error}: each says what to do next
 */
export async function makeServices(
  options: ServicesOptions,
  server: ServerAddresses,
  { story, hardware }: Pick<BootServices, 'story' | 'hardware'>,
  open: AsyncDisposableStack,
): Promise<BootServices> {
  const { storeDirectory, log, loaded } = options
  const releases = open.use(new Releases(await ReleaseStore.open(storeDirectory)))
  const parts = new Parts(storeDirectory, releases)
  const admission = new Admission({ atOnce: loaded.config.atOnce })
  const keeps = open.use(
    new KeepExports({
      keeps: new Keeps(storeDirectory),
      releases,
      addressOf: (boot) => story.get(boot)?.address,
      tell: (boot, event) => story.record(boot, event),
      log: log.child({ service: 'keep' }),
    }),
  )
  return servicesFor(options, { story, hardware, parts, releases, keeps, server, admission, log })
}

/** The same for another configuration: what it does not speak of stays. @throws as `makeServices()` */
export function remakeServices(options: ServicesOptions, before: BootServices): Promise<BootServices> {
  const { story, hardware, parts, releases, keeps, server, admission, log } = before
  return servicesFor(options, { story, hardware, parts, releases, keeps, server, admission, log })
}

async function servicesFor(
  { loaded, storeDirectory, onStep = () => undefined }: ServicesOptions,
  lasting: Lasting,
): Promise<BootServices> {
  const { config } = loaded
  const { parts, releases, keeps, hardware, story, server, log } = lasting
  await checkChoices(loaded, releases)
  await checkGivenLoaders(loaded)
  const drivers = new DriversChoice({ parts, hardware, story, log: log.child({ service: 'drivers' }) })
  const plans = new Plans({ config, server, releases, parts, drivers, keeps })
  const keys = await sshKeys(loaded)
  const onMissing = (names: readonly string[], error: unknown): void =>
    log.warn(`cannot fetch ${names.join(', ')}: machines with Secure Boot on cannot boot; all others can`, { error })
  const loaders = await prepareBoots({ config, storeDirectory, releases, parts, onStep, onMissing })
  await collectParts(await ReleaseStore.open(storeDirectory), config.cache)
  return { ...lasting, plans, keys, loaders }
}
