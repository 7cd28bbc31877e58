import type { At } from './event-at.ts'

/* What becomes of the directory that the server keeps of a machine (`writes: keep`). */

/** The boot has it now: handles of earlier boots are stale. */
export interface KeepOpened extends At {
  readonly type: 'keep.opened'
  /** SHA-256 of the release that it is above. */
  readonly release: string
  /** Nothing has been changed yet. */
  readonly isNew: boolean
  /** The release that it was above before somebody moved it. */
  readonly movedFrom?: string
  /** Another machine had it, and somebody gave it to this one. */
  readonly isGiven: boolean
}

/** It could not be opened. */
export interface KeepRefused extends At {
  readonly type: 'keep.refused'
  readonly why: string
}

/** A write was refused: there was no room below it. */
export interface KeepFull extends At {
  readonly type: 'keep.full'
  /** Or more than the server's account may have there. */
  readonly isQuota: boolean
}

/** There is room again. */
export interface KeepRoom extends At {
  readonly type: 'keep.room'
}

/** Nobody has it open any more. */
export interface KeepFreed extends At {
  readonly type: 'keep.freed'
  /** The machine said that it goes down, or was not heard of for longer than its lease. */
  readonly why: 'shutdown' | 'silent'
}

export type KeepEvent = KeepOpened | KeepRefused | KeepFull | KeepRoom | KeepFreed
