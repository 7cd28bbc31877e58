import type { StoryRow, StoryTotals } from './story.ts'
import { formatBytes, formatSeconds } from './units.ts'

/** Room for what happened; longer words push the rest of their line to the right. */
const WHAT_WIDTH = 52
const BYTES_WIDTH = 9

/** Above the rows, in the same columns. */
export const TIMELINE_HEADER = `${'seconds'.padStart(8)}${'step'.padStart(8)}  what happened`

/**
 * One row of a boot as a line of plain columns, without a newline:
 *
 *        4.21   +0.80  kernel sent                            11.9 MiB  in 0.06 s
 */
export function timelineLine(row: StoryRow): string {
  const times = `${row.seconds.toFixed(2).padStart(8)}${`+${row.step.toFixed(2)}`.padStart(8)}`
  const bytes = row.bytes === undefined ? '' : formatBytes(row.bytes)
  const took = row.tookMs === undefined ? '' : `  in ${formatSeconds(row.tookMs / 1000)}`
  return `${times}  ${row.what.padEnd(WHAT_WIDTH)} ${bytes.padStart(BYTES_WIDTH)}${took}`.trimEnd()
}

/** What a boot comes to, in one line; '' where there is nothing to say. */
export function totalsLine({ aliveSeconds, initramfsSeconds, bootBytes, rootBytes }: StoryTotals): string {
  const parts = [
    ...(aliveSeconds === undefined ? [] : [`alive after ${formatSeconds(aliveSeconds)}`]),
    ...(initramfsSeconds === undefined ? [] : [`${formatSeconds(initramfsSeconds)} in the initramfs`]),
    ...(bootBytes === 0 ? [] : [`${formatBytes(bootBytes)} of loaders, kernel and initramfs`]),
    ...(rootBytes === 0 ? [] : [`${formatBytes(rootBytes)} of the root`]),
  ]
  return parts.join(', ')
}
