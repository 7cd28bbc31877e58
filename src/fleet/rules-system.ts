import type { Evidence } from './evidence.ts'
import { deviceName } from './pci-id.ts'
import { FULL, roomNext } from './rules-reported.ts'
import type { Rule } from './rule.ts'
import { shortDigests } from './units.ts'

/*
 * Linux was sent to the machine: where it fell silent, from the latest step backwards. Times are those after which the
 * next step is overdue on a slow machine.
 */

/** A machine that checks and starts many services may take minutes. */
const ALIVE_SECONDS = 300
const INITRAMFS_SECONDS = 60
/** NFS clients and TCP wait longer and longer between their tries. */
const RETURN_SECONDS = 120
/** The kernel of a slow machine needs half a minute to unpack and start. */
const KERNEL_SECONDS = 60

export const SYSTEM_RULES: readonly Rule[] = [
  {
    name: 'server was away',
    verdict: 'stuck',
    applies: (evidence) => evidence.endsInRestart && evidence.silentFor(RETURN_SECONDS),
    tell: () => ({
      cause: 'the server was started again while this boot went on, and the machine was not heard of since',
      next: [
        'a machine that waits for its root goes on by itself within two minutes: look at its screen',
        'restart it',
      ],
    }),
  },
  {
    name: 'system reconfigures its card',
    verdict: 'stuck',
    applies: (evidence) =>
      evidence.phase === 'system' && evidence.silentFor(INITRAMFS_SECONDS) && systemAsked(evidence),
    tell: () => ({
      cause:
        "the system's own network manager asked for an address anew, and the machine fell silent: it took the card down that its root comes over",
      next: [
        'let the network manager leave that card alone; netroot tells those it knows (see "network handed over" above)',
        'look at the screen of the machine: a hanging "networking" job points at the manager',
      ],
    }),
  },
  {
    name: 'no room',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'system' && evidence.isFull && evidence.silentFor(INITRAMFS_SECONDS),
    tell: (evidence) => ({ cause: `the real system was started, and ${FULL}`, next: roomNext(evidence) }),
  },
  {
    name: 'never alive',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'system' && evidence.silentFor(ALIVE_SECONDS),
    tell: () => ({
      cause: 'the real system was started and never reported itself alive',
      next: [
        'look at the screen of the machine: it may show a login prompt all the same, or the job that hangs',
        'hangs while mounting: /etc/fstab of the image names a disk that is not there',
        'hangs at the network: its network manager took the card down',
      ],
    }),
  },
  {
    name: 'no switch',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'root' && evidence.silentFor(INITRAMFS_SECONDS),
    tell: () => ({
      cause: 'the root was mounted and the real system was not started',
      next: ['see whether the server still answers NFS: the machine waits for it', 'look at the screen of the machine'],
    }),
  },
  {
    name: 'mount refused',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'initramfs' && evidence.last('nfs.mount')?.outcome === 'refused',
    tell: (evidence) => ({
      cause: `the server refused the root file system: ${shortDigests(evidence.last('nfs.mount')?.reason ?? 'no such export')}`,
      next: [
        'netroot image list: see whether the release still exists',
        'restart the machine, so that it asks for the present one',
      ],
    }),
  },
  {
    name: 'root not mounted',
    verdict: 'stuck',
    applies: (evidence) =>
      evidence.phase === 'initramfs' && evidence.has('report.lease') && evidence.silentFor(INITRAMFS_SECONDS),
    tell: (evidence) => ({
      cause: evidence.has('nfs.mount')
        ? 'the machine asked for its root over NFS and did not get on with it'
        : 'the machine has an address and never asked for its root over NFS',
      next: [
        'open TCP port 2049 (ports: nfs: in netroot.yaml) in the firewall of the server',
        'look at the screen of the machine',
      ],
    }),
  },
  {
    name: 'no card with a driver',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'initramfs' && evidence.last('report.cards')?.cards.length === 0,
    tell: () => ({
      cause: 'no driver took a network card of the machine',
      next: ['build the image with a newer kernel, or with the package that holds the driver'],
    }),
  },
  {
    name: 'no lease in the initramfs',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'initramfs' && evidence.silentFor(INITRAMFS_SECONDS),
    tell: () => ({
      cause: 'the initramfs began and did not get as far as an address',
      next: [
        'a switch with spanning tree keeps the port closed for half a minute or more: set it to "portfast"',
        'look at the screen of the machine',
      ],
    }),
  },
  {
    name: 'initramfs incomplete',
    verdict: 'stuck',
    applies: (evidence) =>
      evidence.phase === 'kernel' && evidence.silentFor(INITRAMFS_SECONDS) && missingParts(evidence).length > 0,
    tell: (evidence) => ({
      cause: `the kernel was sent, but of the initramfs not: ${missingParts(evidence).join(', ')}`,
      next: [
        'look at the screen of the machine: iPXE says what it waits for',
        'too little memory for the initramfs shows here first',
      ],
    }),
  },
  {
    name: 'kernel silent',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'kernel' && evidence.silentFor(KERNEL_SECONDS),
    tell: (evidence) => ({
      cause:
        'kernel and initramfs were sent whole, and Linux never reported: it stopped in the kernel, or has no network',
      next: [
        ...afterFit(evidence),
        'a box of netroot on the screen of the machine names what failed before it had a network: a card without a driver, no link',
        'nothing on the screen: add console=tty0, on a serial line console=ttyS0, to cmdline:',
        '"killed init", "no working init", or a screen that starts over and over: too little memory, mostly',
        'a kernel of another architecture, or for a newer processor than this one, stops here without a word',
      ],
    }),
  },
]

/** Did another DHCP client than ours ask from the start, rather than renew, once the real system ran? */
function systemAsked({ events }: Evidence): boolean {
  const started = events.findIndex((event) => event.type === 'report.switch')
  return events.slice(started + 1).some((event) => event.type === 'dhcp.discover' && event.speaker === 'system')
}

/** The drivers may be what it lacks, where they are for one card only. */
function afterFit(evidence: Evidence): string[] {
  const chosen = evidence.last('boot.drivers')
  if (chosen?.scope !== 'fitted') return []
  const devices = chosen.devices.map(deviceName).join(', ')
  return [`its drivers were for ${devices} only: restart it, and it gets the generic ones`]
}

function missingParts(evidence: Evidence): string[] {
  if (evidence.wasSent('initramfs')) return [] // the image's own is one file
  return (['tools', 'drivers', 'client'] as const).filter((role) => !evidence.wasSent(role))
}
