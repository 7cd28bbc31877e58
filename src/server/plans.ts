import type { NfsRoot } from '../boot/nfs-root.ts'
import { type BootPlan, type PlannedParts, planBoot } from '../boot/plan.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import type { StaticAddress } from '../boot/static-address.ts'
import { configOfClass } from '../config/classes.ts'
import { clientOf, type EffectiveProfile, effectiveProfile, hostNameOf, type NamedClient } from '../config/effective.ts'
import type { Config } from '../config/schema.ts'
import { bootableProfiles, type Start, startOf } from '../config/start.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { StoreError } from '../image/release.ts'
import type { Machine } from '../fleet/machine.ts'
import type { IpAddress } from '../net/ipv6.ts'
import type { Mac } from '../net/mac.ts'
import type { DriversChoice } from './drivers-choice.ts'
import { whyNotOn } from './processor.ts'
import { findOwnInitramfs } from './own-initramfs.ts'
import { fileOf, type Parts } from './parts.ts'
import type { KeepExports } from './keep-exports.ts'
import type { ChosenRelease, PinnedRelease, Releases } from './releases.ts'

/** A plan, and in words what it boots. */
export interface PreparedBoot {
  readonly plan: BootPlan
  /** `pc7 boots debian 3f9ad2… with Linux 6.12`. */
  readonly title: string
  /** Name of the profile. */
  readonly profile: string
}

/** What of a boot is decided already. */
export interface PrepareChoice {
  /** What the boot's script named, so that all its files are of one release whatever is published meanwhile. */
  readonly pinned?: PinnedRelease
  /** The profile that was chosen in the machine's menu. */
  readonly chosen?: string | undefined
  /** The address that the machine brought along. */
  readonly address?: StaticAddress | undefined
}

export interface PlansOptions {
  readonly config: Config
  readonly server: ServerAddresses
  readonly releases: Releases
  readonly parts: Parts
  /** Roots of machines that keep what they write. */
  readonly keeps?: Pick<KeepExports, 'releaseOf' | 'offer'>
  readonly drivers: Pick<DriversChoice, 'choose' | 'prepare'>
  /** Where machines that find netroot at an address find a release that another NFS server has. */
  readonly nfsRoots?: (digest: string, address: IpAddress) => Promise<readonly NfsRoot[]>
}

/** Decides what machines boot, with all that it takes made and in the cache. */
export class Plans {
  readonly #options: PlansOptions

  constructor(options: PlansOptions) {
    this.#options = options
  }

  /** The same for machines that find the server at another address, on another network. */
  at(server: ServerAddresses): Plans {
    return new Plans({ ...this.#options, server })
  }

  /**
   * How a machine starts; undefined for one that netroot.yaml says to ignore.
   */
  start(machine: Machine): Start | undefined {
    const { config, client } = this.#configFor(machine)
    return startOf(config, client)
  }

  /**
   * The plan of a boot.
   *
   * @returns undefined for a machine that netroot.yaml says to ignore
   * @throws {StoreError} if there is no such image, release or kernel, or no initramfs where it should bring its own
   */
  async prepare(boot: Boot, { pinned, chosen: entry, address }: PrepareChoice = {}): Promise<PreparedBoot | undefined> {
    const { releases, server } = this.#options
    const { mac } = boot.machine
    const { config, client } = this.#configFor(boot.machine)
    const profile = effectiveProfile(config, client, entry)
    if (profile === undefined) return undefined
    const chosen = await (pinned === undefined ? this.#choose(mac, profile) : releases.pinned(pinned))
    const why = whyNotOn(boot.machine, chosen.kernel.arch)
    if (why !== undefined) throw new StoreError(`image ${profile.image} does not fit: ${why}`)
    const keepPath = await this.#offer(boot, profile, chosen, client?.name)
    const plan = planBoot({
      bootId: boot.id,
      mac,
      hostName: hostNameOf(mac, profile, client),
      profile,
      release: chosen.digest,
      kernelVersion: chosen.kernel.version,
      ...(keepPath === undefined ? await this.#rootsOf(chosen) : { keepPath }),
      initramfs: await this.#initramfsOf(boot, profile, chosen, pinned !== undefined),
      server,
      ssh: profile.ssh,
      ...(address === undefined ? {} : { address }),
      time: Math.floor(Date.now() / 1000),
    })
    return { plan, profile: profile.name, title: titleOf(client?.name ?? mac, profile.image, chosen) }
  }

  /** Begins to make what a machine will ask for that has only just said which card it has. Nothing here throws. */
  async anticipate(boot: Boot): Promise<void> {
    const { drivers } = this.#options
    const { config, client } = this.#configFor(boot.machine)
    const [profile] = bootableProfiles(config, client) // of a menu its default
    if (profile === undefined || profile.initramfs === 'image') return
    await this.#choose(boot.machine.mac, profile).then(
      (chosen) => drivers.prepare(boot, chosen, profile),
      () => undefined, // the script says so
    )
  }

  /** What counts for a machine: the client of that name, or what its class says. */
  #configFor({ mac, class: name }: Machine): { config: Config; client: NamedClient | undefined } {
    const { config } = this.#options
    const client = clientOf(config, mac)
    return { config: client === undefined ? configOfClass(config, name) : config, client }
  }

  /** A root with changes stays on its release until it is moved to another. */
  async #choose(mac: Mac, profile: EffectiveProfile): Promise<ChosenRelease> {
    const { keeps, releases } = this.#options
    const kept = profile.writes === 'keep' ? await keeps?.releaseOf(mac) : undefined
    return kept === undefined ? releases.choose(profile) : releases.kept(kept, profile.kernel)
  }

  async #offer(boot: Boot, { writes }: EffectiveProfile, { digest }: ChosenRelease, name = '') {
    return writes === 'keep' ? this.#options.keeps?.offer(boot, name, digest) : undefined
  }

  async #rootsOf({ digest }: ChosenRelease): Promise<{ readonly nfsRoots?: readonly NfsRoot[] }> {
    const { nfsRoots, server } = this.#options
    return nfsRoots === undefined ? {} : { nfsRoots: await nfsRoots(digest, server.address) }
  }

  /** @param isChosen the machine has its drivers already: nothing is chosen, or told, twice */
  async #initramfsOf(
    boot: Boot,
    profile: EffectiveProfile,
    chosen: ChosenRelease,
    isChosen: boolean,
  ): Promise<PlannedParts | 'image'> {
    const { releases, parts } = this.#options
    if (profile.initramfs === 'image') {
      const { tree } = await releases.get(chosen.digest)
      await findOwnInitramfs(tree, chosen.kernel.version) // said now, not when the machine asks for it
      return profile.initramfs
    }
    const made = await parts.ensure(chosen, profile.modules)
    const drivers = isChosen ? made.drivers : (await this.#options.drivers.choose(boot, chosen, profile)).part
    const ssh = profile.ssh ? { ssh: fileOf(await parts.ssh(chosen, drivers.report)) } : {}
    const early = await parts.microcode(chosen)
    const microcode = early === undefined ? {} : { microcode: fileOf(early) }
    return { ...microcode, tools: fileOf(made.tools), drivers: fileOf(drivers), ...ssh }
  }
}

function titleOf(name: string, image: string, { digest, kernel }: ChosenRelease): string {
  return `${name} boots ${image} ${digest.slice(0, 12)} with Linux ${kernel.version}`
}
