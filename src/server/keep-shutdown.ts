import { setTimeout as sleep } from 'node:timers/promises'
import type { Boots } from '../fleet/boots.ts'
import type { StoredEvent } from '../fleet/boots-reader.ts'
import type { KeepExports } from './keep-exports.ts'

/** What a machine that goes down still writes comes before this; what came later would open its directory again. */
const GOING_DOWN_MS = 30_000

/** So that `netroot keep` finds the directories of machines that are off free. */
export function releaseAfterShutdown(boots: Boots, keeps: KeepExports, open: AsyncDisposableStack): void {
  const stop = new AbortController()
  open.defer(() => stop.abort())
  const later = ({ boot, event }: StoredEvent): void => {
    if (event.type !== 'report.shutdown') return
    sleep(GOING_DOWN_MS, undefined, { signal: stop.signal, ref: false }).then(
      () => keeps.release(boot, 'shutdown'),
      () => undefined, // the server ends, and closes it
    )
  }
  boots.subscribe(later, stop.signal)
}
