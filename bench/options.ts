/** What every benchmark is told. */
export interface BenchOptions {
  /** How often each contender runs. */
  readonly runs: number
  /** The result as JSON instead of a table. */
  readonly json: boolean
  /** Only the rows whose names have one of these words in them; all, if there is none. */
  readonly only: readonly string[]
  readonly signal: AbortSignal
  /** Says how it goes on, for people who wait. */
  readonly tell: (line: string) => void
}

/** Runs a benchmark and returns its result as text. Nothing is written. */
export type Bench = (options: BenchOptions) => Promise<string>
