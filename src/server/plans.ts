import { type BootPlan, type PlannedParts, planBoot } from '../boot/plan.ts'
import type { ServerAddresses } from '../boot/server-addresses.ts'
import { clientOf, type EffectiveProfile, effectiveProfile, hostNameOf } from '../config/effective.ts'
import type { Config } from '../config/schema.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { findOwnInitramfs } from './own-initramfs.ts'
import { fileOf, type Parts } from './parts.ts'
import type { ChosenRelease, PinnedRelease, Releases } from './releases.ts'

/** A plan, and in words what it boots. */
export interface PreparedBoot {
  readonly plan: BootPlan
  /** `pc7 boots debian 3f9ad2… with Linux 6.12`. */
  readonly title: string
}

/** Decides what machines boot, with all that it takes made and in the cache. */
export class Plans {
  readonly #config: Config
  readonly #server: ServerAddresses
  readonly #releases: Releases
  readonly #parts: Parts

  constructor(config: Config, server: ServerAddresses, releases: Releases, parts: Parts) {
    this.#config = config
    this.#server = server
    this.#releases = releases
    this.#parts = parts
  }

  /**
   * The plan of a boot.
   *
   * @param pinned what the boot's script named, so that all its files are of one release whatever is published meanwhile
   * @returns undefined for a machine that netroot.yaml says to ignore
   * @throws {StoreError} if there is no such image, release or kernel, or no initramfs where it should bring its own
   */
  async prepare(boot: Boot, pinned?: PinnedRelease): Promise<PreparedBoot | undefined> {
    const { mac } = boot.machine
    const client = clientOf(this.#config, mac)
    const profile = effectiveProfile(this.#config, client)
    if (profile === undefined) return undefined
    const chosen = await (pinned === undefined ? this.#releases.choose(profile) : this.#releases.pinned(pinned))
    const plan = planBoot({
      bootId: boot.id,
      mac,
      hostName: hostNameOf(mac, profile, client),
      profile,
      release: chosen.digest,
      kernelVersion: chosen.kernel.version,
      initramfs: await this.#initramfsOf(profile, chosen),
      server: this.#server,
    })
    return { plan, title: titleOf(client?.name ?? mac, profile.image, chosen) }
  }

  async #initramfsOf({ initramfs }: EffectiveProfile, chosen: ChosenRelease): Promise<PlannedParts | 'image'> {
    if (initramfs === 'image') {
      const { tree } = await this.#releases.get(chosen.digest)
      await findOwnInitramfs(tree, chosen.kernel.version) // said now, not when the machine asks for it
      return initramfs
    }
    const { tools, drivers } = await this.#parts.ensure(chosen)
    return { tools: fileOf(tools), drivers: fileOf(drivers) }
  }
}

function titleOf(name: string, image: string, { digest, kernel }: ChosenRelease): string {
  return `${name} boots ${image} ${digest.slice(0, 12)} with Linux ${kernel.version}`
}
