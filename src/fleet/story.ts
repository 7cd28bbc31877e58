import { type EventWords, wordsOf } from './event-words.ts'
import type { BootEvent } from './events.ts'
import { onOneClock } from './machine-clock.ts'

/** One step of a boot as people read it. */
export interface StoryRow extends EventWords {
  readonly type: BootEvent['type']
  /** Milliseconds since 1970. */
  readonly at: number
  /** Since power-on, which is the first packet: nobody sees the machine before that. */
  readonly seconds: number
  /** Since the step before. */
  readonly step: number
}

/** The whole boot, one row per event, in the order of time: reports of the machine stand where it wrote them. */
export function storyOf(events: readonly BootEvent[]): StoryRow[] {
  const first = events[0]?.at ?? 0
  const placed = onOneClock(events)
  return placed.map((event, index) => storyRow(event, first, placed[index - 1]?.at))
}

/**
 * One row, for those who show a boot while it goes on: a report then stands at the time when it arrived.
 *
 * @param beganAt time of the boot's first event
 * @param previousAt time of the event before; undefined for the first
 */
export function storyRow(event: BootEvent, beganAt: number, previousAt: number | undefined): StoryRow {
  return {
    type: event.type,
    at: event.at,
    seconds: (event.at - beganAt) / 1000,
    step: (event.at - (previousAt ?? beganAt)) / 1000,
    ...wordsOf(event),
  }
}

/** What a boot comes to. */
export interface StoryTotals {
  /** Until it was alive; undefined while it is not. */
  readonly aliveSeconds?: number
  /** Seconds from our init to the real system's, by the machine's own clock. */
  readonly initramfsSeconds?: number
  /** Bytes of loaders, kernel and initramfs. */
  readonly bootBytes: number
  /** Bytes of the root that it read until it was alive. */
  readonly rootBytes: number
}

/** Adds up a boot. */
export function totalsOf(events: readonly BootEvent[]): StoryTotals {
  const alive = events.find((event) => event.type === 'report.alive')
  const spent = initramfsSeconds(events)
  return {
    ...(alive === undefined ? {} : { aliveSeconds: (alive.at - (events[0]?.at ?? alive.at)) / 1000 }),
    ...(spent === undefined ? {} : { initramfsSeconds: spent }),
    bootBytes: sum(events.map((event) => (event.type === 'tftp.file' || event.type === 'http.file' ? event.bytes : 0))),
    rootBytes: sum(events.map((event) => (event.type === 'nfs.traffic' ? event.bytes : 0))),
  }
}

function initramfsSeconds(events: readonly BootEvent[]): number | undefined {
  const init = events.find((event) => event.type === 'report.init')?.uptime
  const leave = events.findLast((event) => event.type === 'report.switch')?.uptime
  return init === undefined || leave === undefined ? undefined : Number((leave - init).toFixed(2))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
