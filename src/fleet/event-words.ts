import { architectureName } from './architectures.ts'
import type { BootEvent, EventOf, FileRole, HttpFile, Outcome, TftpFile } from './events.ts'
import { keepWords } from './keep-words.ts'
import type { Speaker } from './machine.ts'
import { deviceName } from './pci-id.ts'
import { printable } from './printable.ts'
import { formatBytes, formatSeconds, shortDigests } from './units.ts'

/** How a step of a boot is to be shown. */
export type Tone = 'plain' | 'good' | 'warning' | 'bad'

/** One event in words. */
export interface EventWords {
  readonly what: string
  readonly tone: Tone
  /** Bytes that went over the wire. */
  readonly bytes?: number
  /** How long it took by itself. */
  readonly tookMs?: number
}

/** Longer names are attacks. */
const MAX_CHARACTERS = 300

const SPEAKERS: Readonly<Record<Speaker, string>> = {
  firmware: 'firmware',
  ipxe: 'iPXE',
  initramfs: 'initramfs',
  keeper: 'lease keeper',
  system: 'system',
}

const FILES: Readonly<Record<Exclude<FileRole, 'other' | 'loader'>, string>> = {
  script: 'iPXE script',
  kernel: 'kernel',
  initramfs: "initramfs: the image's own",
  microcode: 'initramfs: microcode',
  tools: 'initramfs: tools',
  drivers: 'initramfs: drivers',
  ssh: 'initramfs: SSH server',
  client: 'initramfs: boot plan',
}

/** Says in words what an event is. Names and reasons in it come from the network, so nothing of them reaches a terminal raw. */
export function wordsOf(event: BootEvent): EventWords {
  const words = rawWordsOf(event)
  return { ...words, what: printable(words.what).slice(0, MAX_CHARACTERS) }
}

function rawWordsOf(event: BootEvent): EventWords {
  switch (event.type) {
    case 'dhcp.discover':
      return plain(
        `${SPEAKERS[event.speaker]} asks for an ${event.ipv6 === true ? 'IPv6 address' : 'address'}${platform(event)}`,
      )
    case 'dhcp.offer':
      // beside another server: it gives the address, we say what to boot
      return plain(
        event.address === '0.0.0.0' || event.address === '::'
          ? `boot file offered: ${event.bootFile}`
          : `${event.address} offered`,
      )
    case 'dhcp.ack':
      return plain(`${event.address} leased for ${formatSeconds(event.leaseSeconds)}${bootFile(event)}`)
    case 'dhcp.nak':
      return { what: `${event.address} refused: ${event.reason}`, tone: 'warning' }
    case 'dhcp.unanswered':
      return { what: `no answer to ${SPEAKERS[event.speaker]}: ${event.reason}`, tone: 'bad' }
    case 'dhcp.other-server':
      return { what: `another DHCP server answers: ${event.server}`, tone: 'warning' }
    case 'tftp.file':
      return fileWords(tftpName(event), event)
    case 'http.file':
      return fileWords(fileName(event), event)
    case 'nfs.mount':
      return mountWords(event)
    case 'nfs.traffic':
      return { what: `read over NFS in ${event.calls} calls`, tone: 'plain', bytes: event.bytes }
    case 'boot.drivers':
      return driversWords(event)
    case 'boot.menu':
      return plain(`menu: ${event.entries.join(', ')} (the first after ${event.timeoutSeconds} s)`)
    case 'boot.chosen':
      return plain(`profile ${event.profile} chosen`)
    case 'boot.loader':
      return plain(`is sent shim and GRUB: ${event.why}`)
    case 'boot.local':
      return plain(`starts from its own disk (${event.why})`)
    case 'boot.refused':
      return { what: `cannot be booted: ${event.why}`, tone: 'bad' }
    case 'boot.log':
      return { ...plain(`its log came${event.source === 'syslog' ? ' by syslog' : ''}`), bytes: event.bytes }
    case 'keep.opened':
    case 'keep.refused':
    case 'keep.full':
    case 'keep.room':
    case 'keep.freed':
      return keepWords(event)
    case 'server.restarted':
      return { what: 'the server was started again', tone: 'warning' }
    default:
      return reportWords(event)
  }
}

function reportWords(event: Extract<BootEvent, { type: `report.${string}` }>): EventWords {
  switch (event.type) {
    case 'report.init':
      return plain(`Linux ${event.kernel ?? ''} runs${memory(event)}`.replace('  ', ' '))
    case 'report.words':
      return { what: `not understood on the kernel command line: ${event.words.join(' ')}`, tone: 'warning' }
    case 'report.cards':
      return cardWords(event)
    case 'report.lease':
      return leaseWords(event)
    case 'report.root':
      return rootWords(event)
    case 'report.handover':
      return plain(`network handed over to ${event.managers.join(', ') || 'nobody'}`)
    case 'report.switch':
      return plain(`starts ${event.init}${leaves(event)}`)
    case 'report.alive':
      return aliveWords(event)
    case 'report.shutdown':
      return plain(event.kind === 'reboot' ? 'restarts' : 'powers off')
    case 'report.trying':
      return {
        what: `${event.what} failed, tries again (${event.attempt}): ${shortDigests(event.text || event.cause)}`,
        tone: 'warning',
      }
    default:
      return { what: `failed: ${shortDigests(event.text || event.cause)}`, tone: 'bad' }
  }
}

function plain(what: string): EventWords {
  return { what, tone: 'plain' }
}

function platform({ architecture, relay }: EventOf<'dhcp.discover'>): string {
  const by = architecture === undefined ? '' : ` (${architectureName(architecture)})`
  return relay === undefined ? by : `${by} through ${relay}`
}

function bootFile({ bootFile: file }: EventOf<'dhcp.ack'>): string {
  return file === undefined ? '' : `, loads ${shortDigests(file)}`
}

function memory({ memoryKib }: EventOf<'report.init'>): string {
  return memoryKib === undefined ? '' : `, ${formatBytes(memoryKib * 1024)} memory`
}

function rootWords(event: EventOf<'report.root'>): EventWords {
  const mounted = `root mounted from ${shortDigests(event.url)}`
  if (event.refused === undefined) return { ...plain(mounted), ...took(event.took) }
  return { what: `${mounted}: its server has no ${event.refused}`, tone: 'warning', ...took(event.took) }
}

function took(seconds: number | undefined): { readonly tookMs?: number } {
  return seconds === undefined ? {} : { tookMs: seconds * 1000 }
}

function fileName({ role, path }: HttpFile): string {
  return role === 'other' || role === 'loader' ? shortDigests(path) : FILES[role]
}

function tftpName({ role, name }: TftpFile): string {
  return role === undefined || role === 'other' || role === 'loader' ? name : `${FILES[role]} over TFTP`
}

const OUTCOMES: Readonly<Record<Outcome, string>> = {
  sent: 'sent',
  'not-found': 'not found',
  refused: 'refused',
  aborted: 'broken off',
  'timed-out': 'not confirmed',
}

/** What a client that agreed on no block size is slow by: three times the round trips. */
function smallBlocks(event: TftpFile | HttpFile): string {
  const small = event.type === 'tftp.file' && event.outcome === 'sent' && event.blockSize <= 512
  return small && event.bytes >= LARGE_FILE ? `, in blocks of ${event.blockSize} bytes, which is slow` : ''
}

/** Bytes of a file whose way takes so long that the size of its blocks matters. */
const LARGE_FILE = 64 * 1024

function fileWords(name: string, event: TftpFile | HttpFile): EventWords {
  // firmware asks for the size of a file first, and breaks off
  if (event.type === 'tftp.file' && event.outcome === 'aborted' && event.bytes === 0)
    return plain(`${name}: size asked`)
  const why = event.reason === undefined || event.outcome === 'sent' ? '' : `: ${event.reason}`
  return {
    what: `${name} ${OUTCOMES[event.outcome]}${why}${smallBlocks(event)}`,
    tone: event.outcome === 'sent' ? 'plain' : 'bad',
    bytes: event.bytes,
    tookMs: event.durationMs,
  }
}

function mountWords({ outcome, path, reason }: EventOf<'nfs.mount'>): EventWords {
  if (outcome === 'mounted') return plain(`asks for ${shortDigests(path)} over NFS`)
  return {
    what: `NFS mount of ${shortDigests(path)} refused${reason === undefined ? '' : `: ${shortDigests(reason)}`}`,
    tone: 'bad',
  }
}

function driversWords({ scope, devices, why, modules }: EventOf<'boot.drivers'>): EventWords {
  const what = scope === 'fitted' ? `fitted to ${devices.map(deviceName).join(', ')}` : scope
  return plain(`drivers: ${what}, ${modules} modules (${why})`)
}

function cardWords({ cards, missing }: EventOf<'report.cards'>): EventWords {
  const found = cards.map((card) => `${card.interface} (${card.driver || 'no driver named'})`).join(', ')
  const lacking = missing.length === 0 ? '' : `; no driver for ${missing.map(({ busId }) => busId).join(', ')}`
  return { what: `cards: ${found || 'none'}${lacking}`, tone: cards.length === 0 ? 'bad' : 'plain' }
}

/** Longer than any card takes without a switch that makes it wait. */
const SLOW_LINK_SECONDS = 5

function leaseWords({ interface: name, address, linkSeconds = 0, sshHostKey }: EventOf<'report.lease'>): EventWords {
  const login = sshHostKey === undefined ? '' : `; ssh root@${address} (host key ${sshHostKey})`
  if (linkSeconds < SLOW_LINK_SECONDS) return plain(`${name} has ${address}${login}`)
  const slow = `its link took ${formatSeconds(linkSeconds)} (a switch with spanning tree?)`
  return { what: `${name} has ${address}; ${slow}${login}`, tone: 'warning' }
}

/** What the initramfs leaves behind. */
function leaves({ initramfsMemoryKib, modules }: EventOf<'report.switch'>): string {
  const parts = [
    ...(initramfsMemoryKib === undefined
      ? []
      : [`${formatBytes(initramfsMemoryKib * 1024)} of the initramfs given back`]),
    ...(modules === undefined ? [] : [`${modules} modules loaded`]),
  ]
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`
}

function aliveWords({ hostname, state }: EventOf<'report.alive'>): EventWords {
  const name = hostname === undefined ? '' : ` as ${hostname}`
  const words = state === undefined || state === 'running' ? '' : ` (${state})`
  return { what: `alive${name}${words}`, tone: state === 'degraded' ? 'warning' : 'good' }
}
