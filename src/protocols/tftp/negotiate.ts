/** How one transfer runs. */
export interface Agreement {
  /** Bytes of data in a block, RFC 2348; 512 where nothing was agreed. */
  readonly blockSize: number
  /** Blocks sent before an acknowledgement is awaited, RFC 7440; 1 where nothing was agreed. */
  readonly windowSize: number
  /** What the client wants to pass at most before something is sent again, RFC 2349. */
  readonly timeoutMs: number | undefined
  /** The options to acknowledge; empty if none was asked for that we know: then no OACK is sent. */
  readonly accepted: ReadonlyMap<string, string>
}

/** Bytes on the way to one client: a default Linux receive buffer holds them, and no client makes us hold more. */
const WINDOW_BYTES = 128 * 1024
const LARGEST_WINDOW = 64
const LARGEST_BLOCK = 65_464 // RFC 2348
const SMALLEST_BLOCK = 8
/** Seconds: a silent client that asked for more would keep its transfer for many minutes. */
const LONGEST_TIMEOUT = 30

/**
 * Settles the options of a request, RFC 2347: what is unknown or out of range is left out of the answer, so that the
 * client goes on without it; block and window size may be answered with less than was asked for.
 *
 * @param size bytes of the file as it will be sent
 */
export function negotiate(asked: ReadonlyMap<string, string>, size: number): Agreement {
  const accepted = new Map<string, string>()
  const settle = (name: string, value: number | undefined): void => {
    if (value !== undefined) accepted.set(name, String(value))
  }
  const blockSize = within(asked.get('blksize'), SMALLEST_BLOCK, LARGEST_BLOCK)
  const fitting = Math.max(1, Math.floor(WINDOW_BYTES / (blockSize ?? 512)))
  const windowSize = within(asked.get('windowsize'), 1, Math.min(LARGEST_WINDOW, fitting))
  const seconds = within(asked.get('timeout'), 1, 255)
  const timeout = seconds === undefined || seconds > LONGEST_TIMEOUT ? undefined : seconds // RFC 2349: as asked or not
  settle('blksize', blockSize)
  settle('windowsize', windowSize)
  settle('timeout', timeout)
  settle('tsize', asked.has('tsize') && size > 0 ? size : undefined) // curl takes a size of 0 for an error
  return {
    blockSize: blockSize ?? 512,
    windowSize: windowSize ?? 1,
    timeoutMs: timeout === undefined ? undefined : timeout * 1000,
    accepted,
  }
}

/** A decimal number of at least `least`, cut down to `most`; undefined if it is none. */
function within(text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined
  const value = Number(text)
  return value < least ? undefined : Math.min(value, most)
}
