import type { Bench } from './options.ts'
import { summarize } from './statistics.ts'
import { runStorm } from './storm-run.ts'

const MIB = 2 ** 20
const SIZES = { loaderBytes: MIB / 4, kernelBytes: 8 * MIB, initramfsBytes: 12 * MIB }

/** A thousand machines that power on in the same moment, on the loopback interface. */
export const stormBench: Bench = async ({ runs, json, signal, tell }) => {
  const rows: string[] = []
  for (const atOnce of [1000, 100]) {
    for (let run = 0; run < runs; run += 1) {
      const { results, seconds, serverPeakMiB } = await runStorm({ machines: 1000, atOnce, ...SIZES, signal })
      const booted = results.flatMap((result) => result.seconds ?? [])
      const retries = results.reduce((sum, result) => sum + result.retries, 0)
      const { median, max } = summarize(booted)
      const row = { atOnce, booted: booted.length, seconds, median, max, retries, serverPeakMiB }
      tell(JSON.stringify(row))
      rows.push(json ? JSON.stringify(row) : wordsOf(row))
    }
  }
  return json ? `[${rows.join(',\n')}]\n` : rows.join('')
}

interface StormRow {
  readonly atOnce: number
  readonly booted: number
  readonly seconds: number
  readonly median: number
  readonly max: number
  readonly retries: number
  readonly serverPeakMiB: number
}

function wordsOf({ atOnce, booted, seconds, median, retries, serverPeakMiB }: StormRow): string {
  const times = `all after ${seconds.toFixed(1)} s, half after ${median.toFixed(1)} s`
  return `${atOnce} at once: ${booted} of 1000 booted, ${times}; ${retries} retries, server ${serverPeakMiB.toFixed(0)} MiB\n`
}
