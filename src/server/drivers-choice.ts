import { setTimeout as sleep } from 'node:timers/promises'
import type { EffectiveProfile } from '../config/effective.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import type { DriversChosen, DriversScope } from '../fleet/events.ts'
import { decideFit, isDistrusted } from '../fleet/fit.ts'
import type { HardwareBook } from '../fleet/hardware.ts'
import { pciIdOf, pciIdOfBusId } from '../fleet/pci-id.ts'
import type { DriversReport } from '../initramfs/drivers.ts'
import type { Part } from '../initramfs/part.ts'
import { DeviceWithoutDriverError } from '../initramfs/scope.ts'
import type { Logger } from '../sys/log.ts'
import type { BootStory } from './boot-story.ts'
import type { Parts } from './parts.ts'
import type { ChosenRelease } from './releases.ts'

/** A drivers part for one boot. */
interface ChosenDrivers {
  readonly part: Part<DriversReport>
  readonly scope: DriversScope
  readonly devices: readonly string[]
  /** In words. */
  readonly why: string
}

/** What of a profile decides it. */
type DriversWish = Pick<EffectiveProfile, 'drivers' | 'modules'>

export interface DriversChoiceOptions {
  readonly parts: Pick<Parts, 'ensure' | 'drivers'>
  readonly hardware: Pick<HardwareBook, 'devicesOf'>
  readonly story: BootStory
  readonly log: Logger
  /** How long a script may wait for a part that is being made, in milliseconds. */
  readonly patienceMs?: number
}

/**
 * A part that fits is made within a second; with hundreds of kinds of machines at once, on a slow disk, the generic one
 * is there already.
 */
const PATIENCE_MS = 3000

/** Chooses the drivers part of a boot: as small as the machine's hardware allows, and never one that keeps it from booting. */
export class DriversChoice {
  readonly #options: DriversChoiceOptions

  constructor(options: DriversChoiceOptions) {
    this.#options = options
  }

  /**
   * The part that this boot is to fetch. It is written into the boot's story, once however often the machine asks.
   *
   * @throws {Error} if not even the generic part can be made
   */
  async choose(boot: Boot, chosen: ChosenRelease, wish: DriversWish): Promise<ChosenDrivers> {
    const drivers = await this.#choose(boot, chosen, wish)
    this.#tell(boot, drivers)
    return drivers
  }

  /** Begins to make what this boot will be told to fetch, while the machine is still at something else. */
  prepare(boot: Boot, chosen: ChosenRelease, wish: DriversWish): void {
    const { story, hardware } = this.#options
    if (wish.drivers !== 'auto') return
    const decision = decideFit(this.#knowledge(boot, hardware, story))
    if ('devices' in decision) this.#fitted(chosen, decision.devices, wish.modules).catch(() => undefined)
  }

  async #choose(boot: Boot, chosen: ChosenRelease, wish: DriversWish): Promise<ChosenDrivers> {
    const { parts, story, hardware, log } = this.#options
    const generic = async (why: string): Promise<ChosenDrivers> => {
      const { drivers } = await parts.ensure(chosen, wish.modules)
      return { part: drivers, scope: 'generic', devices: [], why }
    }
    if (wish.drivers === 'all') {
      const part = await parts.drivers(chosen, { scope: { kind: 'all' }, modules: wish.modules })
      return { part, scope: 'all', devices: [], why: 'drivers: all' }
    }
    if (wish.drivers === 'generic') return generic('drivers: generic')
    const knowledge = this.#knowledge(boot, hardware, story)
    const decision = decideFit(knowledge)
    if ('generic' in decision) return generic(decision.generic)
    try {
      const fitted = await this.#inTime(this.#fitted(chosen, decision.devices, wish.modules))
      if (fitted === undefined) return await generic('the fitted part was not made in time')
      if (isDistrusted(fitted.part.digest, knowledge.past))
        return await generic('boots with fitted drivers failed twice')
      return fitted
    } catch (error) {
      if (!(error instanceof DeviceWithoutDriverError)) log.warn('cannot make a fitted drivers part', { error })
      return generic(
        error instanceof DeviceWithoutDriverError ? withoutDriver(error) : 'a fitted part could not be made',
      )
    }
  }

  #knowledge(boot: Boot, hardware: DriversChoiceOptions['hardware'], story: BootStory) {
    const { mac, busId } = boot.machine
    return {
      told: busId === undefined ? undefined : pciIdOfBusId(busId),
      remembered: devicesOf(hardware, mac),
      past: story.pastDrivers(boot),
    }
  }

  /** The card that the machine boots from must have a driver; what is remembered beside it may lack one. */
  async #fitted(
    chosen: ChosenRelease,
    [told = '', ...remembered]: readonly string[],
    modules: readonly string[],
  ): Promise<ChosenDrivers> {
    const { parts } = this.#options
    const part = await parts.drivers(chosen, { scope: { kind: 'fit', devices: [told] }, modules })
    const others = remembered.filter((device) => pciIdOf(device) !== told)
    if (others.length === 0) return { part, scope: 'fitted', devices: [told], why: 'the card it boots from' }
    const devices = [told, ...others]
    const scope = { kind: 'fit', devices, lenient: true } as const
    const why = 'the card it boots from, and what it reported before'
    return { part: await parts.drivers(chosen, { scope, modules }), scope: 'fitted', devices, why }
  }

  async #inTime<T>(made: Promise<T>): Promise<T | undefined> {
    const stop = new AbortController()
    const late = sleep(this.#options.patienceMs ?? PATIENCE_MS, undefined, { signal: stop.signal })
    try {
      return await Promise.race([made, late])
    } finally {
      stop.abort()
      late.catch(() => undefined)
      made.catch(() => undefined)
    }
  }

  #tell(boot: Boot, { part, scope, devices, why }: ChosenDrivers): void {
    const { story } = this.#options
    const before = story.events(boot.id).findLast((event) => event.type === 'boot.drivers')
    if (before?.part === part.digest) return
    const event: DriversChosen = {
      type: 'boot.drivers',
      at: Date.now(),
      scope,
      devices,
      why,
      part: part.digest,
      bytes: part.size,
      modules: part.report.modules.length,
    }
    story.record(boot.id, event)
  }
}

function withoutDriver({ device, kernelVersion }: DeviceWithoutDriverError): string {
  return `nothing of Linux ${kernelVersion} drives ${device} by name`
}

/** What cannot be read is not known. */
function devicesOf(hardware: DriversChoiceOptions['hardware'], mac: string): readonly string[] {
  try {
    return hardware.devicesOf(mac)
  } catch {
    return []
  }
}
