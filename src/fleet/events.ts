import type { BootRefused, DriversChosen, LocalDisk, LoaderReplaced, LogReceived } from './planning-events.ts'
import type { MenuShown, ProfileChosen, ServerRestarted } from './planning-events.ts'
import type { DhcpEvent } from './dhcp-events.ts'
import type { KeepEvent } from './keep-events.ts'
import type { HttpFile, NfsMount, NfsTraffic, TftpFile } from './file-events.ts'
import type { ReportEvent } from './report-events.ts'

/*
 * What happened in one boot: exactly one event per thing that happened. Timeline, diagnosis and metrics read these and
 * nothing else, so an event carries all that they need, as plain JSON. Each kind has a file of its own beside this one.
 */

export type { DriversChosen, DriversScope } from './planning-events.ts'
export type { FileRole, HttpFile, NfsMount, Outcome, TftpFile } from './file-events.ts'
export type { Card, CardWithoutDriver, FailureCause, ReportCards, ReportEvent } from './report-events.ts'
export { FAILURE_CAUSES } from './report-events.ts'

export type BootEvent =
  | DhcpEvent
  | TftpFile
  | HttpFile
  | NfsMount
  | NfsTraffic
  | DriversChosen
  | MenuShown
  | ProfileChosen
  | LocalDisk
  | BootRefused
  | LoaderReplaced
  | LogReceived
  | ServerRestarted
  | KeepEvent
  | ReportEvent
export type BootEventType = BootEvent['type']

/** The one kind of event with this type. */
export type EventOf<Type extends BootEventType> = Extract<BootEvent, { readonly type: Type }>
