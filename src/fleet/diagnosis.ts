import { wordsOf } from './event-words.ts'
import type { BootEvent } from './events.ts'
import { Evidence } from './evidence.ts'
import { printable } from './printable.ts'
import type { Rule, Verdict } from './rule.ts'
import { REPORTED_RULES } from './rules-reported.ts'
import { SYSTEM_RULES } from './rules-system.ts'
import { WIRE_RULES } from './rules-wire.ts'
import { formatSeconds } from './units.ts'

/** What is wrong with a boot, in words for somebody who has to mend it now. */
export interface Diagnosis {
  /** Name of the rule that found it. */
  readonly rule: string
  readonly verdict: Verdict
  /** The cause, or what is most likely the cause. */
  readonly cause: string
  /** The last thing that is known to have worked, and when. */
  readonly stopped: string
  /** What to do, the likeliest first. */
  readonly next: readonly string[]
}

/** What the machine says of itself comes first; then what the wire shows; then what did not come. */
export const RULES: readonly Rule[] = [...REPORTED_RULES, ...SYSTEM_RULES, ...WIRE_RULES]

/**
 * Says why a boot came no further, from its events and from how long nothing has happened.
 *
 * @param now milliseconds since 1970
 */
export function diagnose(events: readonly BootEvent[], now: number): Diagnosis {
  const evidence = new Evidence(events, now)
  const rule = RULES.find((candidate) => candidate.applies(evidence))
  const stopped = lastStep(evidence)
  if (rule !== undefined) {
    const { cause, next } = rule.tell(evidence)
    return { rule: rule.name, verdict: rule.verdict, cause: printable(cause), stopped, next }
  }
  return {
    rule: 'going on',
    verdict: 'going-on',
    cause: 'nothing is wrong so far: the boot is going on',
    stopped,
    next: [],
  }
}

function lastStep({ events, lastEvent, silenceMs }: Evidence): string {
  if (lastEvent === undefined) return 'nothing was heard of the machine'
  const after = formatSeconds((lastEvent.at - (events[0]?.at ?? lastEvent.at)) / 1000)
  return `last: ${wordsOf(lastEvent).what} (${after} after power-on, ${formatSeconds(silenceMs / 1000)} ago)`
}
