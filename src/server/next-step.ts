import type { BootMenu } from '../boot/loaders/menu.ts'
import type { StaticAddress } from '../boot/static-address.ts'
import { LOCAL_ENTRY, type Start } from '../config/start.ts'
import type { Boot } from '../fleet/boots-reader.ts'
import { messageWithCauses } from '../sys/log.ts'
import { turnWords } from './admission.ts'
import type { BootServices } from './boot-services.ts'
import { labelOf } from './menu-label.ts'
import type { PreparedBoot } from './plans.ts'

/** What a loader that asks is to do next, whichever loader it is. */
export type NextStep =
  | { readonly kind: 'boot'; readonly prepared: PreparedBoot }
  | { readonly kind: 'menu'; readonly menu: BootMenu }
  /** Its own disk; in words. */
  | { readonly kind: 'local'; readonly words: string }
  /** Not from here; the reason in words. */
  | { readonly kind: 'refuse'; readonly words: string }
  /** Ask again later: it is not its turn, or its boot cannot be planned now. */
  | { readonly kind: 'wait'; readonly words: string; readonly seconds?: number }

/**
 * Decides what a machine does next, and tells it in the story of its boot.
 *
 * @param said the entry of its menu that it says was taken
 * @param address the address that it brought along, where nobody gives any
 */
export async function nextStep(
  services: BootServices,
  boot: Boot,
  said: string | undefined,
  address?: StaticAddress,
): Promise<NextStep> {
  const { mac } = boot.machine
  try {
    const start = services.plans.start(boot.machine)
    if (start === undefined) return { kind: 'refuse', words: `${mac} is not served (unknown: ignore)` }
    const isAsked = start.kind !== 'menu' || start.menu.shownBy === 'loader'
    const choice = said ?? (isAsked ? undefined : services.story.chosen(boot.id)) // in the menu of its firmware
    if (start.kind === 'local') return toDisk(services, boot, start.why)
    if (start.kind === 'menu') {
      const { menu } = start
      if (choice === undefined || !menu.entries.includes(choice)) return showMenu(services, boot, menu)
      if (choice === LOCAL_ENTRY) return toDisk(services, boot, 'chosen in the menu')
      services.story.choose(boot.id, choice, Date.now())
    }
    const turn = services.admission.ask(mac, performance.now())
    if (!turn.admitted) return { kind: 'wait', words: turnWords(turn), seconds: turn.retrySeconds }
    const chosen = start.kind === 'menu' ? choice : undefined
    const prepared = await services.plans.prepare(boot, { chosen, address })
    return prepared === undefined ? { kind: 'refuse', words: `${mac} is not served` } : { kind: 'boot', prepared }
  } catch (error) {
    services.log.error('cannot plan a boot', { mac, error })
    const why = messageWithCauses(error)
    tellRefusal(services, boot, why)
    return { kind: 'wait', words: `cannot boot: ${why}` }
  }
}

/** Once: a machine that waits asks every few seconds. */
function tellRefusal({ story }: BootServices, { id }: Boot, why: string): void {
  const told = story.events(id).findLast((event) => event.type === 'boot.refused')
  if (told?.why !== why) story.record(id, { type: 'boot.refused', at: Date.now(), why })
}

type Menu = Extract<Start, { readonly kind: 'menu' }>['menu']

function showMenu(services: BootServices, boot: Boot, { timeout, entries }: Menu): NextStep {
  services.story.record(boot.id, { type: 'boot.menu', at: Date.now(), entries, timeoutSeconds: timeout })
  const labelled = entries.map((name) => ({ name, label: labelOf(name) }))
  const title = boot.name === '' ? boot.machine.mac : boot.name
  return { kind: 'menu', menu: { title, timeoutSeconds: timeout, entries: labelled } }
}

function toDisk(services: BootServices, boot: Boot, why: string): NextStep {
  services.story.record(boot.id, { type: 'boot.local', at: Date.now(), why })
  return {
    kind: 'local',
    words: `${boot.name === '' ? boot.machine.mac : boot.name} starts from its own disk (${why})`,
  }
}
