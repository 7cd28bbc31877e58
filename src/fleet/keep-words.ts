import type { EventWords } from './event-words.ts'
import type { KeepEvent, KeepOpened } from './keep-events.ts'
import { shortDigests } from './units.ts'

/** Says in words what became of a machine's own directory. */
export function keepWords(event: KeepEvent): EventWords {
  switch (event.type) {
    case 'keep.opened':
      return { what: openedWords(event), tone: 'plain' }
    case 'keep.refused':
      return { what: `its own directory cannot be opened: ${event.why}`, tone: 'bad' }
    case 'keep.full':
      return {
        what: event.isQuota ? 'its own directory may not grow: the quota is used up' : 'no room for what it writes',
        tone: 'bad',
      }
    case 'keep.room':
      return { what: 'there is room again for what it writes', tone: 'good' }
    default:
      return {
        what: event.why === 'shutdown' ? 'its own directory is free' : 'not heard of: its own directory is free',
        tone: 'plain',
      }
  }
}

function openedWords({ release, isNew, movedFrom, isGiven }: KeepOpened): string {
  const parts = [
    `writes into its own directory, above ${shortDigests(release)}`,
    ...(isNew ? ['nothing is in it yet'] : []),
    ...(movedFrom === undefined ? [] : [`moved there from ${shortDigests(movedFrom)}`]),
    ...(isGiven ? ['another machine had it before'] : []),
  ]
  return parts.join('; ')
}
