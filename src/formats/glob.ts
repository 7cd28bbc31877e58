/**
 * A path pattern as a regular expression over the whole path: `*` and `?` stay within a component, `**` does not,
 * `{a,b}` is either, `[abc]` one of these characters.
 *
 * @throws {SyntaxError} if a bracket or brace is not closed
 */
export function globRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*\/|\*\*|\[[^\]]*\]|\{[^}]*\}|[\s\S]/g, (part) => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part.length > 1 && part.startsWith('[')) return part.replace(/^\[!/, '[^')
    if (part.length > 1) return alternatives(part)
    if (part === '[' || part === '{') throw new SyntaxError(`Cannot read pattern "${pattern}": ${part} is not closed`)
    return part.replace(/[$()+.\\\]^|}]/, String.raw`\$&`)
  })
  return new RegExp(`^${source}$`, 's')
}

function alternatives(braces: string): string {
  const parts = braces.slice(1, -1).split(',')
  return `(?:${parts.map((part) => globRegExp(part).source.slice(1, -1)).join('|')})`
}
