import type { FailureCause } from './events.ts'
import type { Evidence } from './evidence.ts'
import { pciIdOf } from './pci-id.ts'
import type { Rule } from './rule.ts'
import { shortDigests } from './units.ts'

/*
 * What the machine itself says: it is up, it went down, or it failed and says why.
 */

/** For each cause that an initramfs reports: what it means, and what to do. */
const CAUSES: Readonly<Record<FailureCause, { readonly means: string; readonly next: readonly string[] }>> = {
  'no-card': {
    means: 'Linux sees no network card at all',
    next: ['look in the firmware whether the card is enabled', 'on a virtual machine: give it a network card'],
  },
  'no-driver': {
    means: 'the machine has a network card for which this release has no driver',
    next: ['build the image with a newer kernel', 'or with the package that holds the driver for the card named above'],
  },
  'no-firmware': {
    means: "the card's driver did not find the firmware file that it loads into the card",
    next: ['add the firmware package (Debian: firmware-misc-nonfree, firmware-realtek, firmware-bnx2 …) to the image'],
  },
  'no-carrier': {
    means: 'no network card has a link',
    next: ['check cable, switch port and their lamps', 'a switch with spanning tree: set the port to "portfast"'],
  },
  'no-lease': {
    means: 'the initramfs got no address, although the loader got one',
    next: [
      'a switch with spanning tree keeps the port closed after the driver resets the card: set it to "portfast"',
      'several cards: see whether the one that the machine booted from is among the cards above',
    ],
  },
  'no-route': {
    means: 'the machine has an address but no way to the server',
    next: ['check router: and the addresses in netroot.yaml', 'see whether another DHCP server gave it this address'],
  },
  'server-gone': {
    means: 'the server of the root does not answer',
    next: ["see whether netroot is running: ss -lntp 'sport = :2049'", 'check cable and switch between the two'],
  },
  'root-refused': {
    means: 'the server refused the root file system',
    next: [
      'netroot image list: see whether the release still exists',
      'restart the machine, so that it asks for the present one',
      'a root that root= on the kernel command line names: see its path, and the exports of that server',
    ],
  },
  'bad-option': {
    means: 'the root cannot be mounted with an option that is asked for',
    next: [
      'take the option that the machine names out of rootflags= or root= (cmdline: in netroot.yaml)',
      'docs/nfs.md says which options there are, and what is there instead of those that an initramfs cannot have',
    ],
  },
  'wrong-release': {
    means: 'the root that was mounted is not the release that the kernel belongs to',
    next: ['restart the machine: it then gets kernel and root of one release'],
  },
  'no-init': {
    means: 'the root has no init that could be started',
    next: [
      'init= on the kernel command line (cmdline: in netroot.yaml) must name a program of the root',
      'build or import the image again; it wants /sbin/init, from systemd-sysv for instance',
    ],
  },
  'no-memory': {
    means: 'the machine has too little memory for this image',
    next: ['give it more memory: 256 MiB are enough for a Debian without a desktop'],
  },
  'no-plan': {
    means: 'the part of the initramfs that says what to boot did not reach the machine',
    next: ['restart the machine', 'a loader of your own: it must pass all initramfs files on, in order'],
  },
  other: {
    means: 'the machine says that its boot failed',
    next: ['see its words and the end of its log: netroot boots show'],
  },
}

/** The machine said so, and nothing came after it that says otherwise. */
export const REPORTED_RULES: readonly Rule[] = [
  {
    name: 'own disk',
    verdict: 'ended',
    applies: (evidence) => evidence.phase === 'ended' && evidence.has('boot.local'),
    tell: (evidence) => ({
      cause: `it was sent on to its own disk (${evidence.last('boot.local')?.why ?? ''})`,
      next: [],
    }),
  },
  {
    name: 'ended',
    verdict: 'ended',
    applies: ({ phase }) => phase === 'ended',
    tell: (evidence) => ({
      cause:
        evidence.last('report.shutdown')?.kind === 'reboot'
          ? 'it was restarted as it should be'
          : 'it was switched off as it should be',
      next: [],
    }),
  },
  {
    name: 'full',
    verdict: 'alive',
    applies: (evidence) => evidence.phase === 'alive' && evidence.isFull,
    tell: (evidence) => ({ cause: `it is up, but ${FULL}`, next: roomNext(evidence) }),
  },
  {
    name: 'degraded',
    verdict: 'alive',
    applies: (evidence) => evidence.phase === 'alive' && evidence.last('report.alive')?.state === 'degraded',
    tell: () => ({ cause: 'it is up, but some of its services failed', next: ['on the machine: systemctl --failed'] }),
  },
  {
    name: 'alive',
    verdict: 'alive',
    applies: ({ phase }) => phase === 'alive',
    tell: () => ({ cause: 'nothing is wrong: it reported itself alive', next: [] }),
  },
  {
    name: 'reported failure',
    verdict: 'failed',
    applies: ({ phase }) => phase === 'failed',
    tell: (evidence) => causeWords(evidence, evidence.last('report.failed')),
  },
  {
    name: 'tries again',
    verdict: 'stuck',
    applies: ({ lastEvent }) => lastEvent?.type === 'report.trying',
    tell: (evidence) => causeWords(evidence, evidence.last('report.trying')),
  },
]

/** What a machine cannot do that keeps what it writes. */
export const FULL = 'the server has no room for what it writes: its programs are told "No space left on device"'

/** How it gets room. */
export function roomNext(evidence: Evidence): string[] {
  const whose = evidence.last('keep.full')?.isQuota === true ? 'raise the quota there' : 'see df'
  return [`make room on the file system of the store, below keep/: ${whose}`, 'or delete files on the machine itself']
}

function causeWords(evidence: Evidence, said: { readonly cause: FailureCause; readonly text: string } | undefined) {
  const { means, next } = CAUSES[said?.cause ?? 'other']
  const words = said === undefined || said.text === '' ? '' : ` (it says: ${shortDigests(said.text)})`
  return { cause: `${means}${words}${devices(evidence, said?.cause)}${serverWords(evidence, said?.cause)}`, next }
}

/** Why our own NFS server refused: it knows what it has, the machine only that it was refused. */
function serverWords(evidence: Evidence, cause: FailureCause | undefined): string {
  const mount = evidence.last('nfs.mount')
  const kept = evidence.events.findLast(({ type }) => type === 'keep.refused' || type === 'keep.opened')
  if (kept?.type === 'keep.refused') return `; the server says: ${shortDigests(kept.why)}`
  if (cause !== 'root-refused' || mount?.outcome !== 'refused' || mount.reason === undefined) return ''
  return `; the server says: ${shortDigests(mount.reason)}`
}

/** As a search engine knows it. */
function deviceWords(modalias: string): string {
  const id = pciIdOf(modalias)
  return id === undefined ? modalias : `(PCI ${id})`
}

/** The devices without a driver, by the names that a search engine knows. */
function devices(evidence: Evidence, cause: FailureCause | undefined): string {
  const missing = evidence.last('report.cards')?.missing ?? []
  if (missing.length === 0 || (cause !== 'no-driver' && cause !== 'no-card')) return ''
  return `: ${missing.map(({ busId, modalias }) => `${busId} ${deviceWords(modalias)}`.trim()).join(', ')}`
}
