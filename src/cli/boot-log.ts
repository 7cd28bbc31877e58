import type { BootLog } from '../fleet/boot-logs.ts'
import { jsonText, localTime, paint } from './terminal.ts'

/** The log that a machine sent of one boot, as people read it. */
export function logText(logs: readonly BootLog[], json: boolean): string {
  if (json) return jsonText(logs)
  if (logs.length === 0) {
    return 'The machine sent no log of this boot: it sends one when a boot fails, and when it hands over to its system\n'
  }
  const pieces = logs.flatMap(({ at, source, text }) => [
    paint('strong', `${source === 'http' ? 'its log' : 'by syslog'}, ${localTime(at)}`),
    text,
  ])
  return `${pieces.join('\n')}\n`
}
