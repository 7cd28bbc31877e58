import { writeFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/*
 * Loaded into a server that is measured (`node --import`): on SIGUSR2 it writes to the file that NETROOT_BENCH_DELAY
 * names how long its event loop was held since the last time, in milliseconds: 99 times in 100 no longer, and at most.
 */
const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
process.on('SIGUSR2', () => {
  const [usual, most] = [delay.percentile(99), delay.max].map((nanoseconds) => (nanoseconds / 1e6).toFixed(1))
  writeFileSync(process.env['NETROOT_BENCH_DELAY'] ?? '/dev/null', `${usual} ${most}\n`)
  delay.reset()
})
