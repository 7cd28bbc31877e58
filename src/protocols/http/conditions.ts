import type { IncomingHttpHeaders } from 'node:http'

/** What tells one state of a file from another. */
export interface Validators {
  /** A strong entity tag without its quotes: a digest, or what else changes whenever the bytes do. */
  readonly tag?: string
  readonly modified?: Date
}

/** Whether the client wants another state of the file than there is: If-Match, and only without it If-Unmodified-Since. */
export function isContradicted(headers: IncomingHttpHeaders, { tag, modified }: Validators): boolean {
  const tags = headers['if-match']
  if (tags !== undefined) return tags.trim() !== '*' && !(tag !== undefined && strongTagsIn(tags).includes(tag))
  const since = dateOf(headers['if-unmodified-since'])
  return since !== undefined && modified !== undefined && wholeSeconds(modified) > since
}

/** Whether the client has these bytes already: If-None-Match, and only without it If-Modified-Since, RFC 9110 §13.2.2. */
export function isUnchanged(headers: IncomingHttpHeaders, { tag, modified }: Validators): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined) return tags.trim() === '*' || tagsIn(tags).some((known) => known === tag)
  const since = dateOf(headers['if-modified-since'])
  return since !== undefined && modified !== undefined && wholeSeconds(modified) <= since
}

/** Whether a Range may be answered with a part: not if its If-Range names another state of the file, RFC 9110 §13.1.5. */
export function isSameAsBefore(headers: IncomingHttpHeaders, { tag, modified }: Validators): boolean {
  const before = headers['if-range']
  if (before === undefined) return true
  if (typeof before !== 'string') return false
  if (before.startsWith('"')) return tag !== undefined && before === `"${tag}"`
  const date = dateOf(before) // a weak tag, W/"…", is no date either and never fits
  return date !== undefined && modified !== undefined && wholeSeconds(modified) === date
}

/** The tags of a list, compared weakly: `W/` plays no part, RFC 9110 §13.1.2. */
function tagsIn(list: string): string[] {
  return Array.from(list.matchAll(/(?:W\/)?"([^"]*)"/g), ([, tag = '']) => tag)
}

/** The tags of a list that are strong: a weak one matches nothing, RFC 9110 §13.1.1. */
function strongTagsIn(list: string): string[] {
  return Array.from(list.matchAll(/(W\/)?"([^"]*)"/g), ([, weak, tag = '']) => (weak === undefined ? tag : [])).flat()
}

/** Milliseconds since 1970; a header carries whole seconds. */
function dateOf(text: string | undefined): number | undefined {
  const value = Date.parse(text ?? '')
  return Number.isNaN(value) ? undefined : value
}

function wholeSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000) * 1000
}
