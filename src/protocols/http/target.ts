/** The target of a request, taken apart. */
export interface Target {
  /** Percent-decoded. */
  readonly path: string
  readonly query: URLSearchParams
}

/** With nothing to decode and nothing to take off. */
const PLAIN_PATH = /^\/[\w./:~-]*$/

/**
 * Takes the target of a request apart: `/boot/a%20b?mac=…`, or `http://server/…` as a proxy sends it. Nothing is
 * normalised: `..` stays `..` for the route to refuse.
 *
 * @returns undefined if its escapes are not UTF-8, or it is no path
 */
export function readTarget(url: string): Target | undefined {
  if (PLAIN_PATH.test(url)) return { path: url, query: new URLSearchParams() }
  const local = url.replace(/^https?:\/\/[^/?#]*/i, '').replace(/#.*$/s, '')
  const mark = local.indexOf('?')
  const path = mark < 0 ? local : local.slice(0, mark)
  if (path !== '' && !path.startsWith('/')) return undefined
  try {
    const query = new URLSearchParams(mark < 0 ? '' : local.slice(mark + 1))
    return { path: decodeURIComponent(path === '' ? '/' : path), query }
  } catch {
    return undefined // URIError
  }
}
