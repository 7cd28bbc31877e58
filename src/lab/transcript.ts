/** What a pattern found: its text and groups, and where the match ends, for the next wait. */
export interface TranscriptMatch {
  readonly text: string
  /** The groups in round brackets; [0] is the whole match. */
  readonly groups: readonly (string | undefined)[]
  /** Position after the match: `waitFor(next, { from: match.end })`. */
  readonly end: number
}

export interface WaitOptions {
  /** Default 60 000 ms. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
  /** Look only at what stands after this position; default 0, everything. */
  readonly from?: number
}

export interface TranscriptOptions {
  /** Whose text this is, for messages: `console of pc1`. */
  readonly name: string
  /** Added to the message of a wait that failed. */
  readonly report?: () => Promise<string>
  /** Characters kept at most; the oldest go first. */
  readonly limit?: number
}

/** A wait for a text that did not come. */
export class TranscriptError extends Error {
  override readonly name = 'TranscriptError'
}

/** A match may begin this many characters before the text that arrived last. */
const LOOK_BACK = 4096

interface Waiter {
  readonly pattern: RegExp
  searched: number
  readonly resolve: (match: TranscriptMatch) => void
  readonly reject: (error: Error) => void
}

/** Text that arrives over time and can be waited for: a serial console, a program's output, packets in words. */
export class Transcript {
  readonly #name: string
  readonly #report: (() => Promise<string>) | undefined
  readonly #limit: number
  readonly #waiters = new Set<Waiter>()
  #text = ''
  #dropped = 0
  #ended: string | undefined

  constructor({ name, report, limit = 8 * 2 ** 20 }: TranscriptOptions) {
    this.#name = name
    this.#report = report
    this.#limit = limit
  }

  /** Everything so far (the last `limit` characters of it). */
  get text(): string {
    return this.#text
  }
  /** Position of the end, counted from the very first character. */
  get position(): number {
    return this.#dropped + this.#text.length
  }

  /** The last lines, without empty ones at the end. */
  lastLines(count: number): string {
    return this.#text.trimEnd().split('\n').slice(-count).join('\n')
  }

  append(text: string): void {
    if (text === '') return
    this.#text += text
    for (const waiter of this.#waiters) this.#look(waiter)
    if (this.#text.length > this.#limit) this.#drop(this.#text.length - Math.floor(this.#limit / 2))
  }

  /** Says that no more text will come, and why: who still waits gets an error. Only the first call counts. */
  end(reason: string): void {
    this.#ended ??= reason
    for (const waiter of this.#waiters) waiter.reject(new Error(this.#ended))
  }

  /**
   * Waits until the pattern is found in the text, be it there already or still to come.
   *
   * @throws {TranscriptError} when the time is over or the text has ended; the message carries the report
   * @throws the signal's reason when it aborts
   */
  async waitFor(pattern: RegExp | string, options: WaitOptions = {}): Promise<TranscriptMatch> {
    const { timeoutMs = 60_000, signal, from = 0 } = options
    signal?.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<TranscriptMatch>()
    const waiter: Waiter = { pattern: toGlobal(pattern), searched: from, resolve, reject }
    const onAbort = (): void => reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
    const timer = setTimeout(() => reject(new Error(`it did not within ${timeoutMs / 1000} s`)), timeoutMs)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#waiters.add(waiter)
    if (!this.#look(waiter) && this.#ended !== undefined) reject(new Error(this.#ended))
    try {
      return await promise
    } catch (cause) {
      if (signal?.aborted === true) throw cause
      throw await this.#failure(pattern, cause)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#waiters.delete(waiter)
    }
  }

  #look(waiter: Waiter): boolean {
    waiter.pattern.lastIndex = Math.max(0, waiter.searched - this.#dropped)
    const found = waiter.pattern.exec(this.#text)
    if (found === null) {
      waiter.searched = Math.max(waiter.searched, this.position - LOOK_BACK)
      return false
    }
    waiter.resolve({ text: found[0], groups: [...found], end: this.#dropped + waiter.pattern.lastIndex })
    return true
  }

  #drop(count: number): void {
    this.#text = this.#text.slice(count)
    this.#dropped += count
  }

  async #failure(pattern: RegExp | string, cause: unknown): Promise<TranscriptError> {
    const why = cause instanceof Error ? cause.message : String(cause)
    const report =
      (await this.#report?.().catch((error: unknown) => `no report: ${String(error)}`)) ?? this.lastLines(20)
    return new TranscriptError(`The ${this.#name} did not show ${String(pattern)}: ${why}\n${report}`, { cause })
  }
}

function toGlobal(pattern: RegExp | string): RegExp {
  if (typeof pattern === 'string') return new RegExp(pattern.replaceAll(/[$()*+.?[\\\]^{|}]/g, '\\$&'), 'g')
  return new RegExp(pattern.source, `${pattern.flags.replaceAll(/[gy]/g, '')}g`)
}
