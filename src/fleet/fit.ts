import type { BootEvent, DriversScope, EventOf } from './events.ts'

/** What became of the drivers part that one boot was sent. */
export interface PastDrivers {
  readonly scope: DriversScope
  /** SHA-256 of the part. */
  readonly part: string
  readonly worked: boolean
}

/** What is known when the drivers of a boot are chosen. */
export interface FitKnowledge {
  /** PCI id of the card that the machine boots from, as its loader told it: `8086:100e`. */
  readonly told: string | undefined
  /** Modaliases that the machine reported of itself before. */
  readonly remembered: readonly string[]
  /** Of the machine's boots before this one, the newest first. */
  readonly past: readonly PastDrivers[]
}

/** Devices to fit the drivers to, or why they are not fitted. */
export type FitDecision = { readonly devices: readonly string[] } | { readonly generic: string }

/** So many boots that failed with one part, and none that worked, are no accident. */
const MOST_FAILURES = 2

/**
 * Decides whether a boot gets drivers for its hardware alone. The card that the loader names comes first, so what is
 * remembered and no longer true takes nothing away; where the loader names none, memory alone is not trusted: a machine
 * that lacks its driver has no way to say so.
 */
export function decideFit({ told, remembered, past }: FitKnowledge): FitDecision {
  if (told === undefined) return { generic: 'the loader did not tell its card' }
  const [before] = past
  if (before?.scope === 'fitted' && !before.worked)
    return { generic: 'the boot before had fitted drivers, and was not heard of after' }
  return { devices: [told, ...remembered] }
}

/** Has this part failed so often for the machine that it is not sent again while anybody remembers? */
export function isDistrusted(part: string, past: readonly PastDrivers[]): boolean {
  const since = past.findIndex((one) => one.part === part && one.worked)
  const recent = since < 0 ? past : past.slice(0, since)
  return recent.filter((one) => one.part === part).length >= MOST_FAILURES
}

/** What a boot says of its drivers; undefined where it never fetched any, and so says nothing. */
export function pastDriversOf(events: readonly BootEvent[]): PastDrivers | undefined {
  const chosen = events.findLast((event): event is EventOf<'boot.drivers'> => event.type === 'boot.drivers')
  const fetched = events.some(
    (event) =>
      (event.type === 'http.file' || event.type === 'tftp.file') &&
      event.role === 'drivers' &&
      event.outcome === 'sent',
  )
  if (chosen === undefined || !fetched) return undefined
  return { scope: chosen.scope, part: chosen.part, worked: gotThrough(events) }
}

/** A machine that reports has a card that works; one that says it lacks a driver reports over another. */
function gotThrough(events: readonly BootEvent[]): boolean {
  const isHeard = events.some((event) => event.type.startsWith('report.'))
  return isHeard && !events.some((event) => event.type === 'report.failed' && LACKING.has(event.cause))
}

const LACKING: ReadonlySet<string> = new Set(['no-card', 'no-driver', 'no-firmware'])
