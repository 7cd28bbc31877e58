import type { BootEvent, BootEventType, EventOf, FileRole } from './events.ts'
import { type Phase, phaseAfter } from './phase.ts'

/** What says nothing of how far the machine came. */
const ABOUT_IT: ReadonlySet<BootEventType> = new Set([
  'server.restarted',
  'nfs.traffic',
  'boot.drivers',
  'boot.loader',
  'boot.log',
  'keep.full',
  'keep.room',
  'keep.freed',
])

/** The events of one boot, with the questions that the rules of the diagnosis ask of them. */
export class Evidence {
  readonly events: readonly BootEvent[]
  readonly phase: Phase
  /** Milliseconds since the last event. */
  readonly silenceMs: number

  /** @param now milliseconds since 1970 */
  constructor(events: readonly BootEvent[], now: number) {
    this.events = events
    this.phase = events.reduce<Phase>(phaseAfter, 'firmware')
    this.silenceMs = now - (events.at(-1)?.at ?? now)
  }

  /** The last thing that the machine did, or that was done for it. */
  get lastEvent(): BootEvent | undefined {
    return this.events.findLast((event) => !ABOUT_IT.has(event.type))
  }
  /** Has the machine done nothing since the server was started again? */
  get endsInRestart(): boolean {
    return this.events.at(-1)?.type === 'server.restarted'
  }
  /** Has nothing happened for longer than this? */
  silentFor(seconds: number): boolean {
    return this.silenceMs > seconds * 1000
  }
  last<Type extends BootEventType>(type: Type): EventOf<Type> | undefined {
    return this.events.findLast((event): event is EventOf<Type> => event.type === type)
  }
  has(type: BootEventType): boolean {
    return this.events.some((event) => event.type === type)
  }
  /** The last DHCP event of all. */
  get lastDhcp(): Extract<BootEvent, { type: `dhcp.${string}` }> | undefined {
    return this.events.findLast((event): event is Extract<BootEvent, { type: `dhcp.${string}` }> =>
      event.type.startsWith('dhcp.'),
    )
  }
  /** The last file that was asked for, over TFTP or HTTP. */
  get lastFile(): EventOf<'tftp.file'> | EventOf<'http.file'> | undefined {
    return this.events.findLast((event) => event.type === 'tftp.file' || event.type === 'http.file')
  }
  /** Is there no room for what the machine keeps? */
  get isFull(): boolean {
    const told = this.events.findLast(({ type }) => type === 'keep.full' || type === 'keep.room')
    return told?.type === 'keep.full'
  }
  /** Was a file of this role sent whole over HTTP? */
  wasSent(role: FileRole): boolean {
    return this.events.some(
      (event) =>
        (event.type === 'http.file' || event.type === 'tftp.file') && event.role === role && event.outcome === 'sent',
    )
  }
  /** Has the machine's Linux said anything? */
  get hasReports(): boolean {
    return this.events.some((event) => event.type.startsWith('report.'))
  }
}
