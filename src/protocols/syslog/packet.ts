import { WireError } from '../../wire/error.ts'

/** One message, RFC 3164 or RFC 5424. Nothing in it is to be trusted, the time and the name of the sender least of all. */
export interface SyslogMessage {
  /** 0 kernel … 3 daemon … 23 local7, RFC 5424 §6.2.1. */
  readonly facility: number
  /** 0 emergency … 7 debug. */
  readonly severity: number
  /** As it was sent; '' where it was not. */
  readonly host: string
  /** Program, without its process id. */
  readonly program: string
  readonly text: string
}

/** What a relay assumes where no priority is given: user, notice (RFC 3164 §4.3.3). */
const DEFAULT_PRIORITY = 13
/** More than any receiver must take, RFC 5424 §6.1; of longer ones the rest is left out. */
const MOST_BYTES = 8192

/**
 * Decodes a datagram. Senders differ in nearly everything, so what cannot be taken apart is text.
 *
 * @throws {WireError} if it is empty
 */
export function decodeSyslog(datagram: Uint8Array): SyslogMessage {
  if (datagram.byteLength === 0) throw new WireError('syslog', 0, 'found an empty datagram, want a message')
  const whole = new TextDecoder().decode(datagram.subarray(0, MOST_BYTES)).replace(/[\0\r\n]+$/, '')
  const { priority, rest } = priorityOf(whole)
  const place = { facility: priority >> 3, severity: priority & 7 }
  return { ...place, ...(rfc5424(rest) ?? rfc3164(rest)) }
}

/** `<27>`; the highest is 23 × 8 + 7, and none has zeros in front. */
function priorityOf(whole: string): { priority: number; rest: string } {
  const found = /^<(0|[1-9]\d{0,2})>/.exec(whole)
  const priority = Number(found?.[1] ?? Number.NaN)
  if (found === null || priority > 191) return { priority: DEFAULT_PRIORITY, rest: whole }
  return { priority, rest: whole.slice(found[0].length) }
}

type Content = Pick<SyslogMessage, 'host' | 'program' | 'text'>

/** `1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID STRUCTURED-DATA MSG`, RFC 5424 §6; `-` stands for nothing. */
function rfc5424(rest: string): Content | undefined {
  const head = /^1 (?:-|\d{4}-\d\d-\d\dT\S{1,40}) (\S{1,255}) (\S{1,48}) \S{1,128} \S{1,32} /.exec(rest)
  if (head === null) return undefined
  const data = structuredDataLength(rest.slice(head[0].length))
  if (data === undefined) return undefined
  const text = rest.slice(head[0].length + data).replace(/^ \uFEFF?/, '')
  return { host: orNothing(head[1]), program: orNothing(head[2]), text }
}

/** `-`, or elements such as `[id name="value"]` in which `"`, `\` and `]` stand behind a `\` (§6.3). */
function structuredDataLength(rest: string): number | undefined {
  const found = /^(?:-|(?:\[(?:[^"\]\\]|"(?:[^"\\]|\\.)*")*\])+)(?= |$)/s.exec(rest)
  return found?.[0].length
}

function orNothing(value: string | undefined): string {
  return value === undefined || value === '-' ? '' : value
}

/** `Nov 21 08:15:42 host program[12]: text`, RFC 3164 §4.1; busybox leaves the host out, kernels all but the text. */
function rfc3164(rest: string): Content {
  const time = /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d /.exec(rest)
  const after = time === null ? rest : rest.slice(time[0].length)
  const named = /^(?:([^\s:[\]]{1,255}) )?([^\s:[\]]{1,48})(?:\[[^\]\s]{0,32}\])?: ?/.exec(after)
  if (time === null || named === null) return { host: '', program: '', text: after }
  return { host: named[1] ?? '', program: named[2] ?? '', text: after.slice(named[0].length) }
}
