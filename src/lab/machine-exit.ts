/**
 * Why a machine ended: `shutdown` it powered itself off, `reset` it wanted to start again and was not to, `panic` its
 * kernel told QEMU so, `quit` we cut its power, `killed` QEMU was killed, `failed` QEMU gave up.
 */
export type ExitReason = 'shutdown' | 'reset' | 'panic' | 'quit' | 'killed' | 'failed'

export interface MachineExit {
  readonly reason: ExitReason
  /** QEMU's exit status; undefined when a signal ended it. */
  readonly status: number | undefined
  readonly qemuMessages: string
}

/** QEMU's ShutdownCause in our words. */
const REASONS: Readonly<Record<string, ExitReason>> = {
  'guest-shutdown': 'shutdown',
  'guest-reset': 'reset',
  'guest-panic': 'panic',
  'subsystem-reset': 'reset',
  'host-qmp-system-reset': 'reset',
  'host-qmp-quit': 'quit',
  'host-signal': 'killed',
}

/** What the `reason` of a SHUTDOWN event means. */
export function exitReason(reason: unknown): ExitReason {
  return REASONS[String(reason)] ?? 'failed'
}
