import type { Boots } from '../fleet/boots.ts'
import type { HttpFile, NfsMount, Outcome, TftpFile } from '../fleet/events.ts'
import type { ResponseReport } from '../protocols/http/answer.ts'
import { readTarget } from '../protocols/http/target.ts'
import type { MountEvent } from '../protocols/nfs/mount/program.ts'
import type { TransferOutcome, TransferReport } from '../protocols/tftp/report.ts'
import { roleOf } from './boot-routes.ts'
import { macIn } from './script-routes.ts'

/** Writes the files that a machine fetched into its boot. */
export class FileStory {
  readonly #boots: Boots

  constructor(boots: Boots) {
    this.#boots = boots
  }

  tftp(report: TransferReport): void {
    const boot = this.#boots.currentByAddress(report.peer.address)
    if (boot !== undefined) this.#boots.record(boot.id, tftpFileOf(report, Date.now()))
  }

  /** Reports are told by what they say, not as files. */
  http(report: ResponseReport): void {
    const target = readTarget(report.url)
    if (target === undefined || report.method !== 'GET' || target.path.startsWith('/report/')) return
    const id = this.#bootOf(target.path, target.query, report.peer.address)
    if (id !== undefined) this.#boots.record(id, httpFileOf(report, target.path, Date.now()))
  }

  nfs(event: MountEvent): void {
    const boot = this.#boots.currentByAddress(event.address)
    if (boot !== undefined) this.#boots.record(boot.id, nfsMountOf(event, Date.now()))
  }

  #bootOf(path: string, query: URLSearchParams, address: string): string | undefined {
    const named = /^\/boot\/([a-z0-9]+)\//.exec(path)?.[1]
    if (named !== undefined) return named
    const mac = macIn(query.get('mac') ?? '')
    return (mac === undefined ? this.#boots.currentByAddress(address) : this.#boots.current(mac))?.id
  }
}

const TFTP_OUTCOMES: Readonly<Record<TransferOutcome, Outcome>> = {
  complete: 'sent',
  'size-asked': 'aborted',
  'aborted-by-client': 'aborted',
  'client-gone': 'aborted',
  timeout: 'timed-out',
  'not-found': 'not-found',
  refused: 'refused',
  failed: 'refused',
  stopped: 'aborted',
}

function tftpFileOf(report: TransferReport, at: number): TftpFile {
  return {
    type: 'tftp.file',
    at,
    name: report.filename,
    outcome: TFTP_OUTCOMES[report.outcome],
    bytes: report.bytes,
    durationMs: report.milliseconds,
    blockSize: report.blockSize,
    ...(report.text === '' ? {} : { reason: report.text }),
  }
}

function httpFileOf(report: ResponseReport, path: string, at: number): HttpFile {
  return {
    type: 'http.file',
    at,
    role: roleOf(path),
    path,
    status: report.status,
    outcome: httpOutcome(report),
    bytes: report.bytes,
    durationMs: report.milliseconds,
  }
}

function httpOutcome({ status, complete }: ResponseReport): Outcome {
  if (status === 404) return 'not-found'
  if (status >= 400) return 'refused'
  return complete ? 'sent' : 'aborted'
}

function nfsMountOf({ path, status, text }: MountEvent, at: number): NfsMount {
  const mounted = status === 'ok'
  return { type: 'nfs.mount', at, path, outcome: mounted ? 'mounted' : 'refused', ...(mounted ? {} : { reason: text }) }
}
