import type { At } from './event-at.ts'

/* What the server decided, chose or noticed in a boot. */

/** The machine asked what to boot, and nothing can be sent now: no such image, a kernel for another processor. */
export interface BootRefused extends At {
  readonly type: 'boot.refused'
  readonly why: string
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
