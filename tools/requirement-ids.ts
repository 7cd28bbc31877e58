/** Requirement ids such as FB32 that stand in square brackets in titles of tests. */
export function idsInTitles(source: string): string[] {
  const groups = [...source.matchAll(/\[((?:(?:FB|JS|HT|DB|AW)\d+[, ]*)+)\]/g)]
  return groups.flatMap((group) => [...(group[1] ?? '').matchAll(/[A-Z]{2}\d+/g)].map((match) => match[0]))
}

const COUNTS: Readonly<Record<string, number>> = { FB: 68, JS: 19, HT: 62, DB: 37, AW: 48 }

/** Every id there is, in the order of the texts. */
export function allIds(): string[] {
  return Object.entries(COUNTS).flatMap(([text, count]) => Array.from({ length: count }, (_, i) => `${text}${i + 1}`))
}
