import type { Ipv4 } from '../net/ipv4.ts'
import type { Mac } from '../net/mac.ts'
import type { Speaker } from './machine.ts'
import type { BootRefused } from './planning-events.ts'

/*
 * What happened in one boot: exactly one event per thing that happened. Timeline, diagnosis and metrics read these and
 * nothing else, so an event carries all that they need, as plain JSON.
 */

interface At {
  /** When the server saw it, milliseconds since 1970. */
  readonly at: number
}

interface Dhcp extends At {
  readonly speaker: Speaker
}

/** A machine asks who is there. */
export interface DhcpDiscover extends Dhcp {
  readonly type: 'dhcp.discover'
  /** DHCP option 93. */
  readonly architecture?: number
  readonly busId?: string
  /** The relay that passed it on. */
  readonly relay?: Ipv4
}

/** We offered an address. */
export interface DhcpOffer extends Dhcp {
  readonly type: 'dhcp.offer'
  readonly address: Ipv4
  /** File name or URL; missing where the machine was told none. */
  readonly bootFile?: string
}

/** The machine requested the address and we confirmed it: it has a lease, or renewed it. */
export interface DhcpAck extends Dhcp {
  readonly type: 'dhcp.ack'
  readonly address: Ipv4
  readonly leaseSeconds: number
  readonly bootFile?: string
}

/** The machine requested an address that it cannot have. */
export interface DhcpNak extends Dhcp {
  readonly type: 'dhcp.nak'
  readonly address: Ipv4
  readonly reason: string
}

/** We gave no answer: no address free, no loader for its architecture, machines nobody named are ignored. */
export interface DhcpUnanswered extends Dhcp {
  readonly type: 'dhcp.unanswered'
  readonly reason: string
}

/** Another DHCP server: the machine chose its offer, or it was heard answering. */
export interface DhcpOtherServer extends Dhcp {
  readonly type: 'dhcp.other-server'
  readonly server: Ipv4
  /** The address that the other server gave, where it is known. */
  readonly address?: Ipv4
}

/** How the transfer of a file ended. */
export type Outcome = 'sent' | 'not-found' | 'refused' | 'aborted' | 'timed-out'

/** A file over TFTP, told when its transfer ended. */
export interface TftpFile extends At {
  readonly type: 'tftp.file'
  readonly name: string
  /** Where it is more than a loader: for loaders that know no HTTP. */
  readonly role?: FileRole
  readonly outcome: Outcome
  /** Bytes acknowledged. */
  readonly bytes: number
  readonly durationMs: number
  /** Agreed block size; 512 where none was agreed (RFC 1350). */
  readonly blockSize: number
  /** What either side said when it did not end well. */
  readonly reason?: string
}

/** Which part of a boot a file over HTTP is. */
export type FileRole =
  | 'loader'
  | 'script'
  | 'kernel'
  | 'initramfs'
  | 'microcode'
  | 'tools'
  | 'drivers'
  | 'ssh'
  | 'client'
  | 'other'

/** A file over HTTP, told when its transfer ended. Reports of the machine are not among them. */
export interface HttpFile extends At {
  readonly type: 'http.file'
  readonly role: FileRole
  readonly path: string
  readonly status: number
  readonly outcome: Outcome
  /** Bytes of the body that were sent. */
  readonly bytes: number
  readonly durationMs: number
  readonly reason?: string
}

/** The machine asked to mount an export. */
export interface NfsMount extends At {
  readonly type: 'nfs.mount'
  readonly path: string
  readonly outcome: 'mounted' | 'refused'
  readonly reason?: string
}

/** What the machine had read of its root over NFS by now; recorded once, when it reports itself alive. */
export interface NfsTraffic extends At {
  readonly type: 'nfs.traffic'
  /** Bytes of file content. */
  readonly bytes: number
  readonly calls: number
}

/** How much a drivers part of an initramfs holds: what some devices need, all for the network, or all there is. */
export type DriversScope = 'fitted' | 'generic' | 'all'

/** Which drivers part the machine was told to fetch, and why that one. */
export interface DriversChosen extends At {
  readonly type: 'boot.drivers'
  readonly scope: DriversScope
  /** PCI ids and modaliases that a fitted part is for. */
  readonly devices: readonly string[]
  /** In words. */
  readonly why: string
  /** SHA-256 of the part, in hex. */
  readonly part: string
  readonly bytes: number
  readonly modules: number
}

/** The machine was sent a menu. */
export interface MenuShown extends At {
  readonly type: 'boot.menu'
  /** Names of profiles, or `local`; the first is the default. */
  readonly entries: readonly string[]
  readonly timeoutSeconds: number
}

/** Somebody chose in that menu, or its time was over. All that the machine asks for in this boot is of that profile. */
export interface ProfileChosen extends At {
  readonly type: 'boot.chosen'
  readonly profile: string
}

/** The machine is sent another loader than it would be, because of what became of that one. */
export interface LoaderReplaced extends At {
  readonly type: 'boot.loader'
  readonly loader: 'grub'
  /** In words. */
  readonly why: string
}

/** The machine was sent on to its own disk. */
export interface LocalDisk extends At {
  readonly type: 'boot.local'
  /** In words. */
  readonly why: string
}

/** The machine sent its log; it is kept beside the events. */
export interface LogReceived extends At {
  readonly type: 'boot.log'
  readonly source: 'http' | 'syslog'
  readonly bytes: number
}

/** The server was started again while this boot was going on. */
export interface ServerRestarted extends At {
  readonly type: 'server.restarted'
}

interface Report extends At {
  /** Seconds since the machine's kernel started, as the machine says; missing where it did not. */
  readonly uptime?: number
}

/** Words of the kernel command line that the initramfs does not understand. */
export interface ReportWords extends Report {
  readonly type: 'report.words'
  readonly words: readonly string[]
}

/** Our init runs. */
export interface ReportInit extends Report {
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
export interface ReportLease extends Report {
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
export interface ReportRoot extends Report {
  readonly type: 'report.root'
  readonly url: string
  /** Seconds that mounting took. */
  readonly took?: number
}

/** What the network managers of the real system were told. */
export interface ReportHandover extends Report {
  readonly type: 'report.handover'
  readonly managers: readonly string[]
}

/** The initramfs starts the real system's init. */
export interface ReportSwitch extends Report {
  readonly type: 'report.switch'
  readonly init: string
  /** Memory of the initramfs that is given back. */
  readonly initramfsMemoryKib?: number
  /** Kernel modules that are loaded. */
  readonly modules?: number
}

/** The real system is up. */
export interface ReportAlive extends Report {
  readonly type: 'report.alive'
  readonly hostname?: string
  /** As `systemctl is-system-running` says: `running`, `degraded` … */
  readonly state?: string
}

/** The real system goes down as it should. */
export interface ReportShutdown extends Report {
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
  'wrong-release',
  'no-init',
  'no-memory',
  'no-plan',
  'other',
] as const
export type FailureCause = (typeof FAILURE_CAUSES)[number]

/** A step failed and is tried again. */
export interface ReportTrying extends Report {
  readonly type: 'report.trying'
  /** The step, `lease` or `root` for instance. */
  readonly what: string
  readonly attempt: number
  readonly cause: FailureCause
  readonly text: string
}

/** The boot failed; the machine offers a shell. */
export interface ReportFailed extends Report {
  readonly type: 'report.failed'
  readonly cause: FailureCause
  readonly text: string
  /** The last lines of its log, joined by newlines. */
  readonly log: string
}

export type DhcpEvent = DhcpDiscover | DhcpOffer | DhcpAck | DhcpNak | DhcpUnanswered | DhcpOtherServer

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
  | ReportEvent
export type BootEventType = BootEvent['type']

/** The one kind of event with this type. */
export type EventOf<Type extends BootEventType> = Extract<BootEvent, { readonly type: Type }>
