import { styleText } from 'node:util'
import type { Tone } from '../fleet/event-words.ts'

/** Where a command writes its result; tests pass their own. */
export type Print = (text: string) => void

export const toStdout: Print = (text) => void process.stdout.write(text)

/** What `--json` prints. */
export function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

const COLOURS = { good: 'green', warning: 'yellow', bad: 'red', strong: 'bold', faint: 'dim' } as const

/**
 * Colours text where the stream is a terminal that shows colours; NO_COLOR and FORCE_COLOR are kept. Colour never says
 * what the words do not.
 */
export function paint(
  tone: Tone | 'strong' | 'faint',
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): string {
  return tone === 'plain' ? text : styleText(COLOURS[tone], text, { stream })
}

/** A time as the clock on the wall shows it: `2026-11-21 02:13:04`. */
export function localTime(at: number): string {
  const date = new Date(at)
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()]
  return `${day.map(twoDigits).join('-')} ${time.map(twoDigits).join(':')}`
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0')
}
