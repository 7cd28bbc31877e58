import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { LoadedConfig } from '../config/load.ts'
import { isOtherNfs } from '../config/nfs.ts'
import type { Config } from '../config/schema.ts'
import { configsOfClasses } from '../config/classes.ts'
import { bootableProfiles } from '../config/start.ts'
import { servedNetworks } from '../exports/nfs-settings.ts'
import { Keeps } from '../image/keeps.ts'
import { ReleaseStore } from '../image/store.ts'
import type { Logger } from '../sys/log.ts'
import { Admission } from './admission.ts'
import type { BootServices } from './boot-services.ts'
import { checkChoices } from './choices.ts'
import { DriversChoice } from './drivers-choice.ts'
import { checkGivenLoaders } from './given-loaders.ts'
import { KeepExports } from './keep-exports.ts'
import { withdrawNfsDropIn } from './nfs-drop-in.ts'
import { OtherNfs, type OtherNfsOptions } from './other-nfs.ts'
import { collectParts } from './part-cache.ts'
import { Parts } from './parts.ts'
import { Plans } from './plans.ts'
import { prepareBoots } from './prepare.ts'
import type { ServedNetwork } from './network.ts'
import { Releases } from './releases.ts'
import { sshKeys } from './ssh-keys.ts'

export interface ServicesOptions {
  readonly loaded: LoadedConfig
  readonly storeDirectory: string
  /** Where the database of leases and boots lies. */
  readonly stateDirectory: string
  readonly log: Logger
  /** Told what is being prepared, for people who wait. */
  readonly onStep?: (what: string) => void
  /** Told what was done to another server's files. */
  readonly onNotice?: (text: string) => void
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
  network: ServedNetwork,
  { story, hardware }: Pick<BootServices, 'story' | 'hardware'>,
  open: AsyncDisposableStack,
): Promise<BootServices> {
  const { storeDirectory, log, loaded } = options
  const store = await ReleaseStore.open(storeDirectory)
  const releases = open.use(new Releases(store))
  const parts = new Parts(storeDirectory, releases)
  const admission = new Admission({ atOnce: loaded.config.atOnce })
  const keeps = open.use(
    new KeepExports({
      keeps: new Keeps(storeDirectory),
      releases,
      addressOf: (boot) => story.get(boot)?.address,
      tell: (boot, event) => story.record(boot, event),
      told: (boot) => story.events(boot),
      log: log.child({ service: 'keep' }),
    }),
  )
  const hold = (digest: string) => releases.get(digest)
  const otherNfs = await otherNfsFor(options, { store, hold }, network)
  return servicesFor(options, { story, hardware, parts, releases, keeps, otherNfs, server, admission, log })
}

/** The same for another configuration: what it does not speak of stays. @throws as `makeServices()` */
export function remakeServices(options: ServicesOptions, before: BootServices): Promise<BootServices> {
  const { story, hardware, parts, releases, keeps, otherNfs, server, admission, log } = before
  return servicesFor(options, { story, hardware, parts, releases, keeps, otherNfs, server, admission, log })
}

/** Another NFS server, if there is one; what was written for one that is used no more is taken back. */
async function otherNfsFor(
  { loaded, stateDirectory, log, onNotice: say = () => undefined }: ServicesOptions,
  releases: Pick<OtherNfsOptions, 'store' | 'hold'>,
  { networks, server: { address } }: ServedNetwork,
): Promise<OtherNfs | undefined> {
  const { config, file: configFile } = loaded
  const { nfs } = config
  const ownLog = log.child({ service: 'nfs' })
  const other = isOtherNfs(nfs)
    ? new OtherNfs({
        nfs,
        configFile,
        ...releases,
        stateDirectory,
        networks: servedNetworks(config, networks),
        address,
        log: ownLog,
        say,
      })
    : undefined
  await withdrawNfsDropIn(stateDirectory, { say, warn: (text) => ownLog.warn(text) }, other?.plan.file)
  return other
}

async function servicesFor(
  { loaded, storeDirectory, onStep = () => undefined }: ServicesOptions,
  lasting: Lasting,
): Promise<BootServices> {
  const { config } = loaded
  const { parts, releases, keeps, otherNfs, hardware, story, server, log } = lasting
  await checkChoices(loaded, releases)
  await checkGivenLoaders(loaded)
  const drivers = new DriversChoice({ parts, hardware, story, log: log.child({ service: 'drivers' }) })
  if (otherNfs !== undefined) {
    onStep('unpacking releases')
    await otherNfs.ensure(await digestsToExport(config, releases))
  }
  const plans = new Plans({
    config,
    server,
    releases,
    parts,
    drivers,
    keeps,
    ...(otherNfs === undefined ? {} : { nfsRoots: (digest, address) => otherNfs.rootsOf(digest, address) }),
  })
  const keys = await sshKeys(loaded)
  const onMissing = (names: readonly string[], error: unknown): void =>
    log.warn(`cannot fetch ${names.join(', ')}: machines with Secure Boot on cannot boot; all others can`, { error })
  const loaders = await prepareBoots({ config, storeDirectory, releases, parts, onStep, onMissing })
  await collectParts(await ReleaseStore.open(storeDirectory), config.cache)
  return { ...lasting, plans, keys, loaders }
}

/** What machines boot now; what keeps its changes comes from netroot's own server. */
async function digestsToExport(config: Config, releases: Releases): Promise<string[]> {
  const ofClasses = configsOfClasses(config).flatMap((one) => bootableProfiles(one))
  const ofClients = Object.values(config.clients).flatMap((client) => bootableProfiles(config, client))
  const read = [...ofClasses, ...ofClients].filter(({ writes }) => writes !== 'keep')
  const chosen = await Promise.all(read.map((profile) => releases.choose(profile)))
  return [...new Set(chosen.map(({ digest }) => digest))]
}
