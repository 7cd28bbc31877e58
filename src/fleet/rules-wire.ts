import type { EventOf, HttpFile, Outcome, TftpFile } from './events.ts'
import type { Evidence } from './evidence.ts'
import type { Rule } from './rule.ts'
import { shortDigests } from './units.ts'

/*
 * From power-on to the kernel: DHCP and the loaders. The firmware reports nothing, so what counts is what it asked for
 * last, and what it should have asked for next.
 */

const BEFORE_KERNEL = new Set(['firmware', 'loader'])
/** Firmware and iPXE ask for the next thing within a second or two. */
const NEXT_SECONDS = 15
/** A loader starts and looks for cards; slow machines take half a minute. */
const LOADER_SECONDS = 40

export const WIRE_RULES: readonly Rule[] = [
  {
    name: 'unanswered',
    verdict: 'failed',
    applies: (evidence) => evidence.lastDhcp?.type === 'dhcp.unanswered' && BEFORE_KERNEL.has(evidence.phase),
    tell: (evidence) => ({
      cause: `netroot gave no answer: ${evidence.last('dhcp.unanswered')?.reason ?? ''}`,
      next: ['change netroot.yaml accordingly: a wider range:, unknown: boot, or a client with this MAC address'],
    }),
  },
  {
    name: 'file failed',
    verdict: 'stuck',
    applies: (evidence) => failedFile(evidence) !== undefined,
    tell: (evidence) => fileWords(failedFile(evidence)),
  },
  {
    name: 'menu',
    verdict: 'going-on',
    applies: (evidence) => menuSeconds(evidence) !== undefined && !evidence.silentFor(menuSeconds(evidence) ?? 0),
    tell: () => ({ cause: 'the machine shows its menu', next: [] }),
  },
  {
    name: 'menu not answered',
    verdict: 'stuck',
    applies: (evidence) => evidence.phase === 'firmware' && isAsked(evidence) && evidence.silentFor(NEXT_SECONDS),
    tell: () => ({
      cause: 'the firmware was sent a menu, and did not say what was taken in it',
      next: [
        'when its own disk was taken, there is nothing more to come',
        'open UDP port 4011 in the firewall of the server',
        'or have the loader show the menu: shownBy: loader in netroot.yaml',
      ],
    }),
  },
  {
    name: 'another DHCP server',
    verdict: 'stuck',
    applies: (evidence) =>
      evidence.phase === 'firmware' && evidence.has('dhcp.other-server') && evidence.silentFor(NEXT_SECONDS),
    tell: (evidence) => ({
      cause: `another DHCP server, ${evidence.last('dhcp.other-server')?.server ?? ''}, answers on this network, and the machine listened to it`,
      next: [
        'switch that server off, or put the machines on a network of their own',
        'or let that server name this one: next-server and the boot file',
      ],
    }),
  },
  {
    name: 'address refused',
    verdict: 'stuck',
    applies: (evidence) => evidence.lastDhcp?.type === 'dhcp.nak' && evidence.silentFor(NEXT_SECONDS),
    tell: (evidence) => ({
      cause: `the machine wanted an address that it cannot have: ${evidence.last('dhcp.nak')?.reason ?? ''}`,
      next: [
        'restart the machine: it then asks for a new address',
        'see whether another DHCP server gave it the old one',
      ],
    }),
  },
  {
    name: 'offer not taken',
    verdict: 'stuck',
    applies: (evidence) => lastIs(evidence, ['dhcp.discover', 'dhcp.offer']) && evidence.silentFor(NEXT_SECONDS),
    tell: (evidence) => ({
      cause: `an address was offered and the ${evidence.lastDhcp?.speaker ?? 'machine'} never requested it: the offer did not arrive, or was not to its liking`,
      next: [
        'open UDP ports 67 and 68 in the firewall of the server',
        'a switch with spanning tree closes the port after power-on: set it to "portfast"',
        'another DHCP server may have been faster: tcpdump -ni INTERFACE port 67 or port 68',
      ],
    }),
  },
  {
    name: 'no boot file',
    verdict: 'failed',
    applies: (evidence) => leasedAndSilent(evidence) && evidence.last('dhcp.ack')?.bootFile === undefined,
    tell: () => ({
      cause: 'the machine got an address and was told no boot file',
      next: ['see whether it boots from the network at all: what asks here may be the system on its disk'],
    }),
  },
  {
    name: 'no script asked for',
    verdict: 'stuck',
    applies: (evidence) => leasedAndSilent(evidence) && evidence.last('dhcp.ack')?.speaker === 'ipxe',
    tell: (evidence) => ({
      cause: `iPXE was told to load ${bootFile(evidence)} and never asked for it`,
      next: [
        'open the TCP port of HTTP (ports: http: in netroot.yaml) in the firewall of the server',
        'look at the screen of the machine',
      ],
    }),
  },
  {
    name: 'no file asked for',
    verdict: 'stuck',
    applies: leasedAndSilent,
    tell: (evidence) => ({
      cause: `the firmware was told to load ${bootFile(evidence)} and never asked for it`,
      next: [
        'open UDP port 69 (TFTP) in the firewall of the server',
        'see whether network boot is first in the boot order of the firmware',
      ],
    }),
  },
  {
    name: 'loader silent',
    verdict: 'stuck',
    applies: (evidence) => evidence.lastEvent?.type === 'tftp.file' && evidence.silentFor(LOADER_SECONDS),
    tell: (evidence) => ({
      cause: `the loader ${evidence.last('tftp.file')?.name ?? ''} was sent whole and never spoke: it was not started, or found no card`,
      next: [
        'Secure Boot refuses loaders that are not signed: switch it off in the firmware',
        'a card that the loader does not know: try the other loader (ipxe.efi for snponly.efi)',
        'look at the screen of the machine',
      ],
    }),
  },
  {
    name: 'nothing to boot',
    verdict: 'failed',
    applies: (evidence) => evidence.phase === 'loader' && evidence.has('boot.refused') && !evidence.wasSent('kernel'),
    tell: (evidence) => ({
      cause: `it asked what to boot, and got nothing: ${evidence.last('boot.refused')?.why ?? ''}`,
      next: [
        'mend that: the machine asks again by itself and goes on',
        'netroot config check and netroot image list say what there is',
      ],
    }),
  },
  {
    name: 'kernel not asked for',
    verdict: 'stuck',
    applies: (evidence) =>
      evidence.phase === 'loader' && evidence.wasSent('script') && evidence.silentFor(LOADER_SECONDS),
    tell: () => ({
      cause: 'iPXE has its script and never asked for the kernel',
      next: [
        'look at the screen of the machine: iPXE says there what failed',
        'restart it: a key pressed at the wrong time stops iPXE',
      ],
    }),
  },
]

function lastIs({ lastEvent }: Evidence, types: readonly string[]): boolean {
  return lastEvent !== undefined && types.includes(lastEvent.type)
}

/** The lease is the last that was heard, before any Linux. */
function leasedAndSilent(evidence: Evidence): boolean {
  return (
    evidence.lastEvent?.type === 'dhcp.ack' && BEFORE_KERNEL.has(evidence.phase) && evidence.silentFor(NEXT_SECONDS)
  )
}

/** How long a machine that was sent a menu, and has not answered, may be silent. */
function menuSeconds(evidence: Evidence): number | undefined {
  const menu = evidence.last('boot.menu')
  if (!MENU_PHASES.has(evidence.phase) || menu === undefined || !isAsked(evidence)) return undefined
  return menu.timeoutSeconds + LOADER_SECONDS
}

/** Both may show one. */
const MENU_PHASES = new Set(['firmware', 'loader'])

function isAsked(evidence: Evidence): boolean {
  return evidence.has('boot.menu') && !evidence.has('boot.chosen')
}

function bootFile(evidence: Evidence): string {
  return shortDigests(evidence.last('dhcp.ack')?.bootFile ?? '')
}

/** The last file, where it did not arrive and nothing went on after it. A question for the size alone is no failure. */
function failedFile(evidence: Evidence): EventOf<'tftp.file' | 'http.file'> | undefined {
  const file = evidence.lastFile
  if (file === undefined || file.outcome === 'sent' || evidence.hasReports) return undefined
  const sizeOnly = file.type === 'tftp.file' && file.outcome === 'aborted' && file.bytes === 0
  if (evidence.lastEvent !== file || (sizeOnly && !evidence.silentFor(NEXT_SECONDS))) return undefined
  return file
}

const REMEDIES: Readonly<
  Record<Exclude<Outcome, 'sent'>, { readonly means: string; readonly next: readonly string[] }>
> = {
  'not-found': {
    means: 'is not on the server',
    next: [
      'a loader: install the package that holds it (Debian: ipxe)',
      'a boot file of your own: check its name, upper and lower case',
    ],
  },
  refused: { means: 'was refused', next: ['see the reason above, and the log of the server'] },
  aborted: {
    means: 'was broken off by the machine',
    next: ['look at the screen of the machine', 'a file larger than the memory of the machine ends so'],
  },
  'timed-out': {
    means: 'was sent and the machine stopped confirming it',
    next: [
      'packets are lost: check cable, switch and duplex settings',
      'large packets are dropped on the way: the MTU of the path is smaller than that of the server',
      'or the machine was switched off',
    ],
  },
}

function fileWords(file: TftpFile | HttpFile | undefined): { cause: string; next: readonly string[] } {
  if (file === undefined || file.outcome === 'sent') return { cause: '', next: [] }
  const { means, next } = REMEDIES[file.outcome]
  const name = file.type === 'tftp.file' ? file.name : shortDigests(file.path)
  const service = file.type === 'tftp.file' ? 'TFTP' : `HTTP status ${file.status}`
  return { cause: `${name} ${means} (${service}${file.reason === undefined ? '' : `: ${file.reason}`})`, next }
}
