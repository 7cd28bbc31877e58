/** For an option that may be given several times: one more value. */
export function oneMore(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}

/** The same for one that takes a list at once: `a,b` or `a b`. */
export function listMore(value: string, before: readonly string[]): readonly string[] {
  return [...before, ...value.split(/[\s,]+/)]
}
