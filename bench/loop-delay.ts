import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/*
 * Loaded into a server that is measured (`node --import`): on SIGUSR2 it writes how long its event loop was held at most
 * since the last time, in milliseconds, to the file that NETROOT_BENCH_DELAY names.
 */
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('SIGUSR2', () => {
  writeFileSync(process.env['NETROOT_BENCH_DELAY'] ?? '/dev/null', `${delay.max / 1e6} ${delay.percentile(99) / 1e6}\n`)
  delay.reset()
})
