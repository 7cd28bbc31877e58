/** What QEMU sends over its control socket, one JSON object a line (docs/interop/qmp-spec). */
export type QmpMessage =
  | { readonly kind: 'greeting'; readonly version: string }
  | { readonly kind: 'return'; readonly id: number; readonly value: unknown }
  | {
      readonly kind: 'error'
      readonly id: number | undefined
      readonly errorClass: string
      readonly description: string
    }
  | { readonly kind: 'event'; readonly event: QmpEvent }

export interface QmpEvent {
  readonly name: string
  readonly data: Readonly<Record<string, unknown>>
  /** Milliseconds since 1970, by the host's clock. */
  readonly timeMs: number
}

/** A line that is no message of this protocol. */
export class QmpFormatError extends Error {
  override readonly name = 'QmpFormatError'
}

/** One command as a line; `args` are left out when there are none. */
export function encodeCommand(id: number, command: string, args: Readonly<Record<string, unknown>> = {}): string {
  const some = Object.keys(args).length > 0
  return `${JSON.stringify({ execute: command, ...(some ? { arguments: args } : {}), id })}\r\n`
}

/**
 * Reads one line.
 *
 * @throws {QmpFormatError} if it is no JSON object, or one of no known kind
 */
export function decodeMessage(line: string): QmpMessage {
  const message = parseObject(line)
  const { id, error, event, QMP: greeting } = message
  if (isObject(greeting)) return { kind: 'greeting', version: versionOf(greeting) }
  if (typeof event === 'string') {
    return {
      kind: 'event',
      event: { name: event, data: asObject(message['data']), timeMs: timeOf(message['timestamp']) },
    }
  }
  if (isObject(error)) {
    const description = String(error['desc'])
    return {
      kind: 'error',
      id: typeof id === 'number' ? id : undefined,
      errorClass: String(error['class']),
      description,
    }
  }
  if ('return' in message && typeof id === 'number') return { kind: 'return', id, value: message['return'] }
  throw new QmpFormatError(`Cannot read QMP message ${line.slice(0, 200)}: want greeting, return, error or event`)
}

/** Cuts a stream of text into lines; what is after the last line end waits for the next piece. */
export class LineSplitter {
  #partial = ''

  push(text: string): readonly string[] {
    const lines = (this.#partial + text).split(/\r?\n/)
    this.#partial = lines.pop() ?? ''
    return lines.filter((line) => line !== '')
  }
}

function parseObject(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (isObject(value)) return value
  } catch (cause) {
    throw new QmpFormatError(`Cannot read QMP message ${line.slice(0, 200)}: not JSON`, { cause })
  }
  throw new QmpFormatError(`Cannot read QMP message ${line.slice(0, 200)}: want an object`)
}

function versionOf(greeting: Readonly<Record<string, unknown>>): string {
  const { major, minor, micro } = asObject(asObject(greeting['version'])['qemu'])
  return [major, minor, micro].join('.')
}

function timeOf(timestamp: unknown): number {
  const { seconds, microseconds } = asObject(timestamp)
  return Number(seconds) * 1000 + Number(microseconds) / 1000
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
