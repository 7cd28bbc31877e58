import type { Speaker } from './machine.ts'
import type { Phase } from './phase.ts'

/** What a machine's latest boot looks like when a DHCP packet of that machine comes in. */
export interface LatestBoot {
  readonly phase: Phase
  /** Of its last event, milliseconds since 1970. */
  readonly lastAt: number
}

/** Which boot a DHCP packet belongs to: a new one, the latest one, or none at all. */
export type Belonging = 'new' | 'latest' | 'none'

/**
 * Firmware tries DHCP for about a minute (4, 8, 16, 32 s), then other ways of booting, then starts over. When a machine
 * that came no further is silent for this long, somebody has switched it on again.
 */
export const SILENCE_MS = 180_000

/**
 * Decides which boot a DHCPDISCOVER or DHCPREQUEST belongs to. Nothing on the wire says "power was switched on", but
 * every stage has its own DHCP client, and a stage that speaks again after a later one has begun means that the machine
 * started over.
 *
 * @param at when the packet came, milliseconds since 1970
 */
export function belongingOf(speaker: Speaker, at: number, latest: LatestBoot | undefined): Belonging {
  switch (speaker) {
    case 'firmware':
      return latest?.phase === 'firmware' && isRecent(latest, at) ? 'latest' : 'new'
    case 'ipxe': // in ROM it is the first to speak, after firmware the second
      return latest !== undefined && isBeforeKernel(latest.phase) && isRecent(latest, at) ? 'latest' : 'new'
    case 'initramfs': // it may wait for hours until a server is back
      return latest !== undefined && mayHaveInitramfs(latest.phase) ? 'latest' : 'new'
    default: // keeper or system: a renewal, or a machine that never booted from here
      return latest === undefined || latest.phase === 'ended' ? 'none' : 'latest'
  }
}

function isRecent(latest: LatestBoot, at: number): boolean {
  return at - latest.lastAt <= SILENCE_MS
}

function isBeforeKernel(phase: Phase): boolean {
  return phase === 'firmware' || phase === 'loader'
}

/** Once the real system has begun, an initramfs that speaks is that of another run. */
function mayHaveInitramfs(phase: Phase): boolean {
  return phase !== 'system' && phase !== 'alive' && phase !== 'ended'
}
