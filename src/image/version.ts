/**
 * Compares kernel versions the way people mean them: runs of digits as numbers, and `-rc` before the release it leads
 * to. `6.1.0-9` < `6.1.0-10` < `6.12-rc3` < `6.12`.
 *
 * @returns below 0 if `a` is older
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [tokensOf(a), tokensOf(b)]
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = compareTokens(left[at], right[at])
    if (difference !== 0) return difference
  }
  return 0
}

function tokensOf(version: string): string[] {
  return version.match(/\d+|rc(?=\d)|[a-z]+/gi) ?? []
}

/** rc < nothing < words < numbers. */
function compareTokens(a: string | undefined, b: string | undefined): number {
  const difference = rankOf(a) - rankOf(b)
  if (difference !== 0 || a === undefined || b === undefined) return difference
  if (/^\d/.test(a)) return Number(a) - Number(b)
  return a === b ? 0 : a < b ? -1 : 1
}

function rankOf(token: string | undefined): number {
  if (token === 'rc') return 0
  if (token === undefined) return 1
  return /^\d/.test(token) ? 3 : 2
}
