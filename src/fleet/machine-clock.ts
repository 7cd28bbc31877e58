import type { BootEvent } from './events.ts'

/**
 * Puts the reports of a machine where they belong in time. The first ones are written before there is a network and
 * arrive together later, but each says how long its kernel had been running; the report that was quickest on its way
 * tells when the kernel started by our clock. The events come back in the order of these times.
 */
export function onOneClock(events: readonly BootEvent[]): BootEvent[] {
  const first = events[0]?.at ?? 0
  // a kernel that ran before power-on is a report that lies
  const started = Math.min(...events.flatMap(kernelStart).filter((at) => at >= first))
  const placed = events.map((event) => {
    const uptime = uptimeOf(event)
    if (uptime === undefined || !Number.isFinite(started)) return event
    return { ...event, at: Math.min(event.at, Math.round(started + uptime * 1000)) }
  })
  return placed.sort((a, b) => a.at - b.at) // equal times keep their order
}

function kernelStart(event: BootEvent): number[] {
  const uptime = uptimeOf(event)
  return uptime === undefined ? [] : [event.at - uptime * 1000]
}

function uptimeOf(event: BootEvent): number | undefined {
  return 'uptime' in event ? event.uptime : undefined
}
