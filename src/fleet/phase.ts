import type { BootEvent, TftpFile } from './events.ts'

/** How far a boot has come, in order; `failed` and `ended` are where it may end. */
export const PHASES = [
  'firmware',
  'loader',
  'kernel',
  'initramfs',
  'root',
  'system',
  'alive',
  'failed',
  'ended',
] as const
export type Phase = (typeof PHASES)[number]

/**
 * The phase after one more event. A boot only goes forward: a file that is fetched again or a renewed lease moves
 * nothing. Only `failed` may go on, because the machine offers to try again.
 */
export function phaseAfter(phase: Phase, event: BootEvent): Phase {
  const reached = phaseOf(event, phase)
  if (reached === undefined || phase === 'ended') return phase
  // it tried again and came further; the power may go off in any phase
  if (phase === 'failed' || reached === 'ended') return reached
  // what runs has reached alive: a failure that is reported late says nothing new
  if (reached === 'failed') return phase === 'alive' ? phase : 'failed'
  return PHASES.indexOf(reached) > PHASES.indexOf(phase) ? reached : phase
}

/** The phase that an event proves, if it proves one. */
function phaseOf(event: BootEvent, phase: Phase): Phase | undefined {
  switch (event.type) {
    case 'tftp.file':
      return tftpPhase(event)
    case 'http.file':
      if (event.outcome !== 'sent') return undefined
      if (event.role === 'kernel') return 'kernel'
      return event.role === 'loader' || event.role === 'script' ? 'loader' : undefined
    case 'report.init':
    case 'report.cards':
    case 'report.lease':
      return 'initramfs'
    case 'nfs.mount': // an initramfs that is not ours tells nothing, but it mounts
      return phase === 'kernel' && event.outcome === 'mounted' ? 'root' : undefined
    case 'report.root':
    case 'report.handover':
      return 'root'
    case 'report.switch':
      return 'system'
    case 'report.alive':
      return 'alive'
    case 'report.failed':
      return 'failed'
    case 'boot.local': // nothing more of it is ours to tell
    case 'report.shutdown':
      return 'ended'
    default:
      return event.type.startsWith('dhcp.') && 'speaker' in event && event.speaker === 'ipxe' ? 'loader' : undefined
  }
}

/** Only a loader that came whole proves that the firmware did its part: it also asks for sizes, and breaks off then. */
function tftpPhase({ outcome, bytes, role }: TftpFile): Phase | undefined {
  if (outcome !== 'sent' || bytes === 0) return undefined
  return role === 'kernel' ? 'kernel' : 'loader'
}
