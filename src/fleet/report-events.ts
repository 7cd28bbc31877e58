import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { At } from './event-at.ts'

/* What a machine says of itself. */

interface Report extends At {
  /** Seconds since the machine's kernel started, as the machine says; missing where it did not. */
  readonly uptime?: number
}

/** Words of the kernel command line that the initramfs does not understand. */
interface ReportWords extends Report {
  readonly type: 'report.words'
  readonly words: readonly string[]
}

/** Our init runs. */
interface ReportInit extends Report {
  readonly type: 'report.init'
  /** Kernel version. */
  readonly kernel?: string
  readonly memoryKib?: number
}

export interface Card {
  readonly interface: string
  readonly mac: Mac
  readonly driver: string
  readonly busId: string
  /** What buses say of the card and of what it hangs on, such as `pci:v00008086d0000100Esv…`; the card first. */
  readonly modaliases?: readonly string[]
}

/** A network device for which no driver was found. */
export interface CardWithoutDriver {
  readonly busId: string
  readonly modalias: string
}

/** Drivers are loaded: the cards it has, and those that no driver took. */
export interface ReportCards extends Report {
  readonly type: 'report.cards'
  readonly cards: readonly Card[]
  readonly missing: readonly CardWithoutDriver[]
}

/** The initramfs has an address. */
interface ReportLease extends Report {
  readonly type: 'report.lease'
  readonly interface: string
  readonly address: Ipv4
  readonly router?: string
  readonly server?: string
  readonly leaseSeconds?: number
  /** Seconds that passed before the card had a link; a switch with spanning tree takes half a minute. */
  readonly linkSeconds?: number
  /** Fingerprint of the SSH server that somebody may log in to. */
  readonly sshHostKey?: string
}

/** The root file system is mounted. */
interface ReportRoot extends Report {
  readonly type: 'report.root'
  readonly url: string
  /** Seconds that mounting took. */
  readonly took?: number
  /** What was asked for first and its server does not have: `NFS 4.2, 4.1`. */
  readonly refused?: string
}

/** What the network managers of the real system were told. */
interface ReportHandover extends Report {
  readonly type: 'report.handover'
  readonly managers: readonly string[]
}

/** The initramfs starts the real system's init. */
interface ReportSwitch extends Report {
  readonly type: 'report.switch'
  readonly init: string
  /** Memory of the initramfs that is given back. */
  readonly initramfsMemoryKib?: number
  /** Kernel modules that are loaded. */
  readonly modules?: number
}

/** The real system is up. */
interface ReportAlive extends Report {
  readonly type: 'report.alive'
  readonly hostname?: string
  /** As `systemctl is-system-running` says: `running`, `degraded` … */
  readonly state?: string
}

/** The real system goes down as it should. */
interface ReportShutdown extends Report {
  readonly type: 'report.shutdown'
  readonly kind: 'poweroff' | 'reboot'
}

/** Why a step failed, docs/architecture.md "Reports"; `other` is whatever this server does not know. */
export const FAILURE_CAUSES = [
  'no-card',
  'no-driver',
  'no-firmware',
  'no-carrier',
  'no-lease',
  'no-route',
  'server-gone',
  'root-refused',
  'bad-option',
  'wrong-release',
  'no-init',
  'no-memory',
  'no-plan',
  'other',
] as const
export type FailureCause = (typeof FAILURE_CAUSES)[number]

/** A step failed and is tried again. */
interface ReportTrying extends Report {
  readonly type: 'report.trying'
  /** The step, `lease` or `root` for instance. */
  readonly what: string
  readonly attempt: number
  readonly cause: FailureCause
  readonly text: string
}

/** The boot failed; the machine offers a shell. */
interface ReportFailed extends Report {
  readonly type: 'report.failed'
  readonly cause: FailureCause
  readonly text: string
  /** The last lines of its log, joined by newlines. */
  readonly log: string
}

/** What the machine says of itself. Nobody proves that it is the machine: show it, never act on it. */
export type ReportEvent =
  | ReportInit
  | ReportWords
  | ReportCards
  | ReportLease
  | ReportRoot
  | ReportHandover
  | ReportSwitch
  | ReportAlive
  | ReportShutdown
  | ReportTrying
  | ReportFailed
