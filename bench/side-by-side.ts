import type { BenchOptions } from './options.ts'
import { summarize } from './statistics.ts'

/** One thing that is measured. */
export interface Row {
  readonly name: string
}

/** One measurement of one contender. */
export interface Sample {
  /** What is to be high. */
  readonly rate: number
  /** CPU seconds of the server per GiB. */
  readonly cpu: number
  /** Memory that the server held at most. */
  readonly peakMiB: number
}

/** By row and contender. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

function keyOf(row: Row, contender: Row): string {
  return `${row.name} / ${contender.name}`
}

/** The rows that were asked for. @throws {Error} with the names of all, if none is meant */
export function chosenRows<R extends Row>(rows: readonly R[], { only }: BenchOptions): readonly R[] {
  const chosen = rows.filter(({ name }) => only.length === 0 || only.some((words) => name.includes(words)))
  if (chosen.length > 0) return chosen
  throw new Error(
    `Cannot find a row for "${only.join('", "')}", want words of: ${rows.map(({ name }) => name).join('; ')}`,
  )
}

/** Measures each row with each contender, one after the other, as often as was asked for. */
export async function measuredRows<R extends Row, C extends Row>(
  rows: readonly R[],
  contenders: readonly C[],
  measure: (row: R, contender: C) => Promise<Sample>,
  { runs, signal, tell }: BenchOptions,
): Promise<Samples> {
  const samples = new Map<string, Sample[]>()
  for (const row of rows) {
    for (let run = 0; run < runs; run += 1) {
      for (const contender of contenders) {
        signal.throwIfAborted()
        const sample = await measure(row, contender)
        const key = keyOf(row, contender)
        samples.set(key, [...(samples.get(key) ?? []), sample])
        tell(`${key}: ${sample.rate.toFixed(1)} (${sample.cpu.toFixed(2)}, ${sample.peakMiB.toFixed(0)} MiB)`)
      }
    }
  }
  return samples
}

/**
 * The medians as a table of Markdown, the last column being the first contender's part of the best peer's; or as JSON.
 * Other contenders whose name begins as the first one's, up to a comma, are no peers.
 */
export function table(
  title: string,
  rows: readonly Row[],
  contenders: readonly Row[],
  samples: Samples,
  json: boolean,
): string {
  if (json) return `${JSON.stringify(Object.fromEntries(samples), null, 2)}\n`
  const head = [title, ...contenders.map(({ name }) => name), 'of the best peer']
  const body = rows.map((row) => [row.name, ...cellsOf(row, contenders, samples)])
  return [head, head.map(() => '---'), ...body].map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

function cellsOf(row: Row, contenders: readonly Row[], samples: Samples): string[] {
  const medians = contenders.map((contender) => medianOf(samples.get(keyOf(row, contender)) ?? []))
  const family = contenders[0]?.name.split(',')[0] ?? ''
  const peers = medians.filter((_, at) => contenders[at]?.name.split(',')[0] !== family)
  const share = (medians[0]?.rate ?? 0) / Math.max(...peers.map(({ rate }) => rate))
  return [
    ...medians.map(({ rate, cpu, peakMiB }) => `${format(rate)} (${cpu.toFixed(2)}, ${peakMiB.toFixed(0)})`),
    share.toFixed(2),
  ]
}

function medianOf(samples: readonly Sample[]): Sample {
  const median = (of: (sample: Sample) => number): number => summarize(samples.map(of)).median
  return { rate: median(({ rate }) => rate), cpu: median(({ cpu }) => cpu), peakMiB: median(({ peakMiB }) => peakMiB) }
}

function format(rate: number): string {
  return rate.toFixed(rate < 100 ? 1 : 0)
}
