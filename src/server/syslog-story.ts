import type { SyslogLine } from '../protocols/syslog/session.ts'
import type { BootStory } from './boot-story.ts'

/** Lines wait so long, so that a storm of them costs one write and not thousands. */
const FLUSH_MS = 500
/** Of one boot at one time; more are counted. */
const MOST_WAITING = 2000

const SEVERITIES = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'] as const

/** Puts the lines that machines send by syslog into the logs of their boots: a machine is known by its leased address. */
export class SyslogStory implements Disposable {
  readonly #story: BootStory
  readonly #waiting = new Map<string, string[]>()
  #timer: NodeJS.Timeout | undefined

  constructor(story: BootStory) {
    this.#story = story
  }

  /** A line from an address that no machine was given is nobody's. */
  line(address: string, line: SyslogLine): void {
    const boot = this.#story.ofAddress(address)
    if (boot === undefined) return
    const lines = this.#waiting.get(boot.id) ?? []
    this.#waiting.set(boot.id, lines)
    if (line.dropped > 0) lines.push(`(${line.dropped} lines left out: too many at once)`)
    if (lines.length < MOST_WAITING) lines.push(lineText(line))
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS)
  }

  /** Writes what waits. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const [id, lines] of this.#waiting) this.#story.keepLines(id, lines, Date.now())
    this.#waiting.clear()
  }
  [Symbol.dispose](): void {
    this.flush()
  }
}

function lineText({ severity, host, program, text }: SyslogLine): string {
  const from = [host, program].filter((word) => word !== '').join(' ')
  return `${SEVERITIES[severity] ?? ''}: ${from === '' ? '' : `${from}: `}${text}`
}
