import type { HttpFile, NfsMount, Outcome, TftpFile } from '../fleet/events.ts'
import { printable } from '../fleet/printable.ts'
import { isOptional } from '../boot/loaders/optional.ts'
import { tryParseMac } from '../net/mac.ts'
import type { ResponseReport } from '../protocols/http/answer.ts'
import { readTarget } from '../protocols/http/target.ts'
import type { MountEvent } from '../protocols/nfs/mount/program.ts'
import type { TransferOutcome, TransferReport } from '../protocols/tftp/report.ts'
import { roleOf } from './boot-routes.ts'
import type { BootStory } from './boot-story.ts'

/** Writes the files that a machine fetched into its boot. */
export class FileStory {
  readonly #story: BootStory

  constructor(story: BootStory) {
    this.#story = story
  }

  tftp(report: TransferReport): void {
    if (report.outcome === 'not-found' && isOptional(report.filename)) return
    const boot = this.#story.ofAddress(report.peer.address)
    if (boot !== undefined) this.#story.record(boot.id, tftpFileOf(report, Date.now()))
  }

  /** Reports are told by what they say, not as files. */
  http(report: ResponseReport): void {
    const target = readTarget(report.url)
    if (target === undefined || report.method !== 'GET' || target.path.startsWith('/report/')) return
    const id = this.#bootOf(target.path, target.query, report.peer.address)
    if (id !== undefined) this.#story.record(id, httpFileOf(report, target.path, Date.now()))
  }

  nfs(event: MountEvent): void {
    const boot = this.#story.ofAddress(event.address)
    if (boot !== undefined) this.#story.record(boot.id, nfsMountOf(event, Date.now()))
  }

  #bootOf(path: string, query: URLSearchParams, address: string): string | undefined {
    const named = /^\/boot\/([a-z0-9]+)\//.exec(path)?.[1]
    if (named !== undefined) return named
    const mac = tryParseMac(query.get('mac') ?? '')
    return (mac === undefined ? this.#story.ofAddress(address) : this.#story.current(mac))?.id
  }
}

/** Longer than any path of ours; what machines ask for beyond that is noise, and is kept for ever. */
const MOST_CHARACTERS = 200

/** A name from the network, as a story may keep it. */
function nameIn(text: string): string {
  const plain = printable(text)
  return plain.length > MOST_CHARACTERS ? `${plain.slice(0, MOST_CHARACTERS - 1)}…` : plain
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
  const role = roleOf(`/${report.filename.replace(/^\/+/, '')}`)
  return {
    type: 'tftp.file',
    at,
    name: nameIn(report.filename),
    ...(role === 'other' ? {} : { role }),
    outcome: TFTP_OUTCOMES[report.outcome],
    bytes: report.bytes,
    durationMs: report.milliseconds,
    blockSize: report.blockSize,
    ...(report.text === '' ? {} : { reason: nameIn(report.text) }),
  }
}

function httpFileOf(report: ResponseReport, path: string, at: number): HttpFile {
  return {
    type: 'http.file',
    at,
    role: roleOf(path),
    path: nameIn(path),
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
  const base = { type: 'nfs.mount', at, path: nameIn(path) } as const
  return status === 'ok' ? { ...base, outcome: 'mounted' } : { ...base, outcome: 'refused', reason: nameIn(text) }
}
