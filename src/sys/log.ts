import { styleText } from 'node:util'

/** What a log line carries beside its message; errors are shown with their causes. */
export type LogFields = Readonly<Record<string, unknown>>
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** For developers and for the journal. What users see of a boot are typed events (fleet/events.ts), not log lines. */
export interface Logger {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger
}

const ORDER: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 }
const COLOUR = { debug: 'gray', info: 'cyan', warn: 'yellow', error: 'red' } as const

/** Says nothing: the default of every server. */
export const silent: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silent,
}

/** Writes one line per message to standard error, from `level` upwards. */
export function stderrLogger(level: LogLevel = 'info', fields: LogFields = {}): Logger {
  const write = (at: LogLevel, message: string, extra: LogFields = {}): void => {
    if (ORDER[at] < ORDER[level]) return
    process.stderr.write(`${renderLine(at, message, { ...fields, ...extra })}\n`)
  }
  return {
    debug: (message, extra) => write('debug', message, extra),
    info: (message, extra) => write('info', message, extra),
    warn: (message, extra) => write('warn', message, extra),
    error: (message, extra) => write('error', message, extra),
    child: (more) => stderrLogger(level, { ...fields, ...more }),
  }
}

function renderLine(level: LogLevel, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${renderValue(value)}`)
  const label = styleText(COLOUR[level], level.padEnd(5), { stream: process.stderr })
  return [label, message, ...pairs].join(' ')
}

function renderValue(value: unknown): string {
  const text =
    value instanceof Error ? messageWithCauses(value) : typeof value === 'string' ? value : JSON.stringify(value)
  return /[\s"=]/.test(text ?? '') ? JSON.stringify(text) : (text ?? 'undefined')
}

/** The message of an error and of what caused it, joined by `: `. */
export function messageWithCauses(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause === undefined ? error.message : `${error.message}: ${messageWithCauses(error.cause)}`
}
