/** The candidate that is most like `text`, if one is so like it that it was probably meant. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  // two letters changed places are two edits
  const limit = text.length < 4 ? 1 : Math.max(2, Math.floor(text.length / 3))
  const scored = candidates.map((candidate) => ({ candidate, edits: distance(text.toLowerCase(), candidate) }))
  const best = scored.sort((a, b) => a.edits - b.edits)[0]
  return best !== undefined && best.edits <= limit ? best.candidate : undefined
}

/** Letters to insert, remove or replace to make one text the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [i, letter] of from.split('').entries()) {
    const next = [i + 1]
    for (const [j, other] of to.split('').entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
