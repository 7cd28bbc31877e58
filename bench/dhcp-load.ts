import type { Namespace } from '../src/lab/namespace.ts'

/** What one run of perfdhcp found. */
export interface LoadResult {
  /** Four messages each: DISCOVER, OFFER, REQUEST, ACK. */
  readonly exchangesPerSecond: number
  /** Of the DISCOVERs and REQUESTs together, those without an answer in time; 0 to 1. */
  readonly lostShare: number
}

/** Less than this is what a storm of machines does not notice: they ask again. */
const BEARABLE_LOSS = 0.01
/** Rates that are tried, each a tenth more than the one before: 40 to 16 000 exchanges a second. */
const RATES = Array.from({ length: 64 }, (_, n) => Math.round(40 * 1.1 ** n))
const SECONDS = 4
const CLIENTS = 50_000

/** One run at a rate, from network namespace `clients` inside `host`. */
async function load(host: Namespace, rate: number, signal: AbortSignal): Promise<LoadResult> {
  const options = ['-4', '-l', 'clients', '-r', `${rate}`, '-R', `${CLIENTS}`, '-p', `${SECONDS}`, '-W', '500000']
  const child = host.spawn('ip', ['netns', 'exec', 'clients', 'perfdhcp', ...options], { signal })
  await child.exited // its status is 3 where something was lost
  return parseLoad(child.stdout.text)
}

/** The highest rate that is borne. */
export interface HighestLoad extends LoadResult {
  /** All that were completed while it was looked for, also at other rates. */
  readonly exchanges: number
}

/**
 * The highest rate at which less than one in a hundred is lost, and what came of it.
 *
 * @throws {Error} if not even the lowest rate is borne
 */
export async function highestLoad(host: Namespace, signal: AbortSignal): Promise<HighestLoad> {
  let exchanges = 0
  let best: LoadResult | undefined
  let [low, high] = [0, RATES.length - 1]
  while (low <= high) {
    const middle = Math.floor((low + high) / 2)
    const result = await load(host, RATES[middle] ?? 0, signal)
    exchanges += result.exchangesPerSecond * SECONDS
    if (result.lostShare < BEARABLE_LOSS) {
      if (result.exchangesPerSecond > (best?.exchangesPerSecond ?? 0)) best = result
      low = middle + 1
    } else high = middle - 1
  }
  if (best === undefined) throw new Error(`Cannot measure: of ${RATES[0]} exchanges a second too many are lost`)
  return { ...best, exchanges }
}

/**
 * Reads what perfdhcp prints at its end.
 *
 * @throws {Error} if it printed something else
 */
export function parseLoad(output: string): LoadResult {
  const rate = /^Rate: ([\d.]+) 4-way/m.exec(output)?.[1]
  const sent = sum(output, /^sent packets: (\d+)/gm)
  if (rate === undefined || sent === 0) throw new Error(`Cannot read the result of perfdhcp: ${output.slice(-500)}`)
  return { exchangesPerSecond: Number(rate), lostShare: 1 - sum(output, /^received packets: (\d+)/gm) / sent }
}

function sum(output: string, pattern: RegExp): number {
  return [...output.matchAll(pattern)].reduce((total, [, digits]) => total + Number(digits), 0)
}
