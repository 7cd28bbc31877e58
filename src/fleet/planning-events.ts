/*
 * What the server decided of a boot, and the machine was told on its screen.
 */

/** The machine asked what to boot, and nothing can be sent now: no such image, a kernel for another processor. */
export interface BootRefused {
  readonly type: 'boot.refused'
  /** When the server saw it, milliseconds since 1970. */
  readonly at: number
  readonly why: string
}
