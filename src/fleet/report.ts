import { isIPv6 } from 'node:net'
import { isIpv4 } from '../net/ipv4.ts'
import { tryParseMac } from '../net/mac.ts'
import { type Card, type CardWithoutDriver, FAILURE_CAUSES, type FailureCause, type ReportEvent } from './events.ts'
import { ReportError, type ReportLines, readReportLines } from './report-lines.ts'

/** Bytes of the log's end that are kept of one failure. */
const LOG_CHARACTERS = 8192

/**
 * Reads what a machine reports of itself (docs/architecture.md "Reports"): its stage, then what came along with it.
 * Fields it does not know are passed over, so that an older server takes the reports of a newer initramfs.
 *
 * @param at when it came in, milliseconds since 1970
 * @throws {ReportError} if it is no report
 */
export function parseReport(body: Uint8Array, at: number): readonly [ReportEvent, ...ReportEvent[]] {
  const lines = readReportLines(body)
  const read = STAGES[lines.stage]
  if (read === undefined)
    throw new ReportError(`Cannot read report: stage ${lines.stage}, want one of ${Object.keys(STAGES).join(', ')}`)
  const fields = new Fields(lines)
  const when = { at, ...optional('uptime', fields.number('uptime')) }
  const words = fields.all('unknown-word')
  return [read(fields, when), ...(words.length === 0 ? [] : [{ type: 'report.words', ...when, words } as const])]
}

interface When {
  readonly at: number
  readonly uptime?: number
}

type ReadStage = (fields: Fields, when: When) => ReportEvent

/** Every stage, as the table in docs/architecture.md has them. */
const STAGES: Readonly<Record<string, ReadStage>> = {
  init: (f, when) => ({
    type: 'report.init',
    ...when,
    ...optional('kernel', f.text('kernel')),
    ...optional('memoryKib', f.number('memory')),
  }),
  cards: (f, when) => ({
    type: 'report.cards',
    ...when,
    cards: f.all('card').map(readCard),
    missing: f.all('missing').map(readMissing),
  }),
  lease: (f, when) => ({
    type: 'report.lease',
    ...when,
    interface: f.needed('interface'),
    address: f.address('address'),
    ...optional('router', f.text('router')),
    ...optional('server', f.text('server')),
    ...optional('leaseSeconds', f.number('seconds')),
    ...optional('linkSeconds', f.number('link')),
    ...optional('sshHostKey', f.text('ssh-host-key')),
  }),
  root: (f, when) => ({
    type: 'report.root',
    ...when,
    url: f.needed('url'),
    ...optional('took', f.number('took')),
    ...optional('refused', f.text('refused')),
  }),
  handover: (f, when) => ({ type: 'report.handover', ...when, managers: f.all('manager') }),
  switch: (f, when) => ({
    type: 'report.switch',
    ...when,
    init: f.needed('init'),
    ...optional('initramfsMemoryKib', f.number('initramfs-memory')),
    ...optional('modules', f.number('modules')),
  }),
  alive: (f, when) => ({
    type: 'report.alive',
    ...when,
    ...optional('hostname', f.text('hostname')),
    ...optional('state', f.text('state')),
  }),
  shutdown: (f, when) => ({ type: 'report.shutdown', ...when, kind: readKind(f.needed('kind')) }),
  trying: (f, when) => ({
    type: 'report.trying',
    ...when,
    what: f.needed('what'),
    attempt: f.number('attempt') ?? 1,
    cause: readCause(f.text('cause')),
    text: f.text('text') ?? '',
  }),
  failed: (f, when) => ({
    type: 'report.failed',
    ...when,
    cause: readCause(f.text('cause')),
    text: f.text('text') ?? '',
    log: f.log.slice(-LOG_CHARACTERS),
  }),
}

/** The fields of one report, by name. */
class Fields {
  readonly #lines: ReportLines

  constructor(lines: ReportLines) {
    this.#lines = lines
  }
  get log(): string {
    return this.#lines.text
  }
  /** The values of a name that may come several times. */
  all(name: string): string[] {
    return this.#lines.fields.filter(([field, value]) => field === name && value !== '').map(([, value]) => value)
  }
  text(name: string): string | undefined {
    return this.all(name)[0]
  }
  needed(name: string): string {
    const value = this.text(name)
    if (value === undefined) throw new ReportError(`Cannot read report: ${this.#lines.stage} has no ${name}`)
    return value
  }
  /** A number that is not negative, such as `4.21`. */
  number(name: string): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (!/^\d{1,12}(?:\.\d{1,9})?$/.test(value)) throw this.#wrong(name, value, 'a number')
    return Number(value)
  }
  address(name: string): string {
    const value = this.needed(name).replace(/\/\d{1,3}$/, '') // `ip` writes the prefix behind it
    if (!isIpv4(value) && !isIPv6(value)) throw this.#wrong(name, value, 'an IPv4 or IPv6 address')
    return value
  }
  #wrong(name: string, value: string, want: string): ReportError {
    return new ReportError(`Cannot read report: ${name} is ${JSON.stringify(value.slice(0, 60))}, want ${want}`)
  }
}

function readCard(value: string): Card {
  const [name, mac, driver, busId, ...modaliases] = value.split(/\s+/)
  if (name === undefined || mac === undefined)
    throw new ReportError(`Cannot read report: card ${value}, want IFACE MAC DRIVER BUSID MODALIAS…`)
  const card = { interface: name, mac: readMac(mac), driver: driver ?? '', busId: busId ?? '' }
  return { ...card, ...(modaliases.length === 0 ? {} : { modaliases }) }
}

function readMac(text: string): string {
  const mac = tryParseMac(text)
  if (mac !== undefined) return mac
  throw new ReportError(
    `Cannot read report: card with MAC ${JSON.stringify(text.slice(0, 60))}, want six octets such as 52:54:00:12:34:56`,
  )
}

function readMissing(value: string): CardWithoutDriver {
  const [busId = '', modalias = ''] = value.split(/\s+/)
  return { busId, modalias }
}

function readKind(value: string): 'poweroff' | 'reboot' {
  if (value === 'poweroff' || value === 'reboot') return value
  throw new ReportError(`Cannot read report: kind is ${JSON.stringify(value.slice(0, 60))}, want poweroff or reboot`)
}

function readCause(value: string | undefined): FailureCause {
  return FAILURE_CAUSES.find((cause) => cause === value) ?? 'other'
}

/** An object with the key, or without it where there is no value. */
function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value })
}
