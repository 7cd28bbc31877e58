import type { BootPlan } from '../boot/plan.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { clientOf } from '../config/effective.ts'
import type { LoadedConfig } from '../config/load.ts'
import { isOtherNfs } from '../config/nfs.ts'
import type { Config } from '../config/schema.ts'
import { LOCAL_ENTRY, type Start, startOf } from '../config/start.ts'
import { nfsServerRoots } from '../exports/nfs-settings.ts'
import type { ReleaseStore } from '../image/store.ts'
import { UnpackedReleases } from '../image/unpack.ts'
import type { Mac } from '../net/mac.ts'
import type { DriversChoice } from './drivers-choice.ts'
import { type InitramfsSources, joinedInitramfs, readWhole } from './joined-initramfs.ts'
import { Parts } from './parts.ts'
import { Plans, type PlansOptions } from './plans.ts'
import { Releases } from './releases.ts'
import { sshKeys } from './ssh-keys.ts'

/** One thing that a machine may boot, as files that lie still. */
export interface StaticBoot {
  /** Name of the profile. */
  readonly profile: string
  readonly title: string
  readonly commandLine: string
  readonly kernel: Uint8Array
  /** All parts, joined. */
  readonly initrd: Uint8Array
}

/** A machine, or with no MAC address all that nobody named. */
export interface StaticMachine {
  readonly mac: Mac | undefined
  /** Fixed address of the client. */
  readonly address: string | undefined
  readonly name: string
  readonly start: Start | undefined
  /** What it may boot: of a menu all entries but the own disk, in their order. */
  readonly boots: readonly StaticBoot[]
}

/** For plans of machines that nobody knows: the loader tells the kernel which card it is. */
const NO_MAC = '00:00:00:00:00:00'
const DAY_SECONDS = 86_400

/**
 * What every client boots, and last what others boot, made one by one: each holds tens of MB. Nobody gives such a boot
 * an id, so its machine reports under its MAC address.
 *
 * @throws {StoreError} as `Plans.prepare()`
 */
export async function* staticBoots(
  loaded: LoadedConfig,
  store: ReleaseStore,
  server: ServerAddresses,
): AsyncGenerator<StaticMachine> {
  const { config } = loaded
  await using releases = new Releases(store)
  const parts = new Parts(store.directory, releases)
  const plans = new Plans({
    config,
    server,
    releases,
    parts,
    drivers: genericDrivers(parts),
    ...otherRoots(config, store),
  })
  const maker: Maker = { plans, releases, parts, keys: await sshKeys(loaded) }
  const macs = [...Object.values(config.clients).map(({ mac }) => mac), undefined]
  for (const mac of macs) {
    const client = mac === undefined ? undefined : clientOf(config, mac)
    const start = startOf(config, client)
    const boots: StaticBoot[] = []
    for (const chosen of choicesOf(start)) boots.push(await bootOf(maker, mac, chosen))
    yield { mac, address: client?.address, name: client?.name ?? '', start, boots }
  }
}

/** Where another NFS server has the releases; `netroot up` unpacks and exports them. */
function otherRoots({ nfs }: Config, store: ReleaseStore): Pick<PlansOptions, 'nfsRoots'> {
  if (!isOtherNfs(nfs)) return {}
  const unpacked = new UnpackedReleases(store, nfs.directory)
  return {
    nfsRoots: async (digest, address) => nfsServerRoots(nfs, { digest, directory: unpacked.pathOf(digest) }, address),
  }
}

interface Maker extends InitramfsSources {
  readonly plans: Plans
}

/** Nobody knows the cards of these machines now. */
function genericDrivers(parts: Parts): Pick<DriversChoice, 'choose' | 'prepare'> {
  return {
    prepare: () => undefined,
    choose: async (_, chosen, { drivers, modules }) => {
      const kind = drivers === 'all' ? 'all' : 'generic'
      const part = await parts.drivers(chosen, { scope: { kind }, modules })
      return { scope: kind, devices: [], why: 'written for other servers', part }
    },
  }
}

function choicesOf(start: Start | undefined): (string | undefined)[] {
  if (start === undefined || start.kind === 'local') return []
  return start.kind === 'menu' ? start.menu.entries.filter((entry) => entry !== LOCAL_ENTRY) : [undefined]
}

async function bootOf(maker: Maker, mac: Mac | undefined, chosen: string | undefined): Promise<StaticBoot> {
  const boot = { id: '', machine: { mac: mac ?? NO_MAC }, name: '', phase: 'firmware', beganAt: 0, lastAt: 0 } as const
  const prepared = await maker.plans.prepare(boot, { chosen })
  if (prepared === undefined) throw new TypeError('Cannot write the boot of a machine that is ignored')
  const plan = lastingPlan(prepared.plan, mac !== undefined)
  const { NETROOT_RELEASE: release = '', NETROOT_KERNEL: kernel = '' } = plan.variables
  return {
    profile: prepared.profile,
    title: prepared.title,
    commandLine: plan.commandLine,
    kernel: await readWhole(await maker.releases.kernel(release, kernel)),
    initrd: await joinedInitramfs(maker, plan),
  }
}

/** Without what is of one boot only; made twice on one day it is the same. */
function lastingPlan(plan: BootPlan, isNamed: boolean): BootPlan {
  const passing = isNamed ? /^netroot\.boot=/ : /^(?:netroot\.boot|BOOTIF)=/
  const { NETROOT_TIME: time = '0', NETROOT_NAME: name = '', ...rest } = plan.variables
  const day = Math.floor(Number(time) / DAY_SECONDS) * DAY_SECONDS
  return {
    ...plan,
    commandLine: plan.commandLine
      .split(' ')
      .filter((word) => !passing.test(word))
      .join(' '),
    variables: { ...rest, NETROOT_TIME: String(day), NETROOT_NAME: isNamed ? name : '' },
  }
}
