/** What several measurements of one quantity come to. */
export interface Summary {
  readonly median: number
  readonly min: number
  readonly max: number
}

/**
 * Median, smallest and largest; the median of an even number is the mean of the two in the middle.
 *
 * @throws {RangeError} if there is nothing to sum up
 */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]]
  const [min, max] = [sorted[0], sorted.at(-1)]
  if (low === undefined || high === undefined || min === undefined || max === undefined) {
    throw new RangeError('Cannot sum up no measurements, want at least one')
  }
  return { median: (low + high) / 2, min, max }
}

/** How much `value` is of `base`; undefined where that says nothing. */
export function ratioOf(value: number, base: number): number | undefined {
  return base === 0 ? undefined : value / base
}
