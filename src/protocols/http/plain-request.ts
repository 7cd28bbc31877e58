import type { IncomingHttpHeaders } from 'node:http'

/** A GET or HEAD without a body, as every boot loader sends it. */
export interface PlainRequest {
  readonly method: 'GET' | 'HEAD'
  /** As it stands in the request line; begins with a slash. */
  readonly url: string
  /** Names in lower case; each came once. */
  readonly headers: IncomingHttpHeaders
  readonly version: '1.0' | '1.1'
  /** Whether the client wants to send another request on this connection, RFC 9112 §9.3. */
  readonly keepAlive: boolean
  /** Bytes of the whole request. */
  readonly length: number
}

/** Bytes of a request line and its headers: half of what `node:http` takes. */
const LONGEST = 8192

/**
 * Request line and header lines, RFC 9112 §2: nothing that two readers could take for two different things. No field goes
 * on in a second line, no line ends in a bare LF or CR, nothing stands between a name and its colon.
 */
const HEAD = /^(GET|HEAD) (\/[\x21-\x7e]*) HTTP\/1\.([01])\r\n((?:[A-Za-z0-9-]+:[\x20-\x7e]*\r\n)*)\r\n/

/** Fields that say how long a request is, or that want more than an answer. */
const NOT_PLAIN = new Set([
  'content-length',
  'transfer-encoding',
  'expect',
  'upgrade',
  'trailer',
  'te',
  'http2-settings',
  'proxy-connection',
])

/**
 * Reads the request at the beginning of the bytes, if it is whole and plain. All others are for `node:http`: this reader
 * takes only what that one takes, and in the same sense.
 *
 * @returns undefined if the request is not whole, not plain, or none at all
 */
export function readPlainRequest(bytes: Buffer): PlainRequest | undefined {
  const match = HEAD.exec(bytes.toString('latin1', 0, LONGEST))
  if (match === null) return undefined
  const [head, method, url = '', minor, lines = ''] = match
  const headers = readHeaders(lines)
  if (headers === undefined) return undefined
  const connection = headers.connection?.toLowerCase()
  if (connection !== undefined && connection !== 'keep-alive' && connection !== 'close') return undefined
  return {
    method: method === 'HEAD' ? 'HEAD' : 'GET',
    url,
    headers,
    version: minor === '0' ? '1.0' : '1.1',
    keepAlive: minor === '0' ? connection === 'keep-alive' : connection !== 'close',
    length: head.length,
  }
}

/** Undefined if a field came twice, or is one of those above. */
function readHeaders(lines: string): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = {}
  for (let at = 0; at < lines.length; ) {
    const colon = lines.indexOf(':', at)
    const end = lines.indexOf('\r', colon)
    const name = lines.slice(at, colon).toLowerCase()
    if (NOT_PLAIN.has(name) || Object.hasOwn(headers, name)) return undefined
    headers[name] = lines.slice(colon + 1, end).trim() // of spaces: the line has no other white space
    at = end + 2
  }
  return headers
}
