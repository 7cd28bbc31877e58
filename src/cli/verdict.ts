import type { Diagnosis } from '../fleet/diagnosis.ts'
import type { Tone } from '../fleet/event-words.ts'
import { paint } from './terminal.ts'

const VERDICTS: Readonly<Record<Diagnosis['verdict'], { readonly words: string; readonly tone: Tone }>> = {
  alive: { words: 'alive', tone: 'good' },
  ended: { words: 'ended', tone: 'plain' },
  'going-on': { words: 'going on', tone: 'plain' },
  stuck: { words: 'stuck', tone: 'bad' },
  failed: { words: 'failed', tone: 'bad' },
}

/** What became of a boot, in one line: `stuck: the firmware …`. */
export function verdictLine({ verdict, cause, next }: Diagnosis): string {
  const { words, tone } = VERDICTS[verdict]
  return `${paint(verdict === 'alive' && next.length > 0 ? 'warning' : tone, `${words}:`)} ${cause}`
}
