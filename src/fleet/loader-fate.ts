import type { BootEvent } from './events.ts'

/**
 * What became of the loader that a machine was sent in one boot: iPXE `ran`, it was fetched whole and never spoke, or
 * another one was sent because of that.
 */
export type LoaderFate = 'ran' | 'silent' | 'replaced'

/** iPXE for UEFI under the names that we serve; Secure Boot refuses it because nobody signed it. */
const UNSIGNED = /(?:^|\/)(?:snponly|ipxe[\w-]*)\.efi$/

/** @returns undefined where the boot says nothing of it */
export function loaderFateOf(events: readonly BootEvent[]): LoaderFate | undefined {
  if (events.some(showsIpxe)) return 'ran'
  if (events.some(({ type }) => type === 'boot.loader')) return 'replaced'
  return events.some(isSentWhole) ? 'silent' : undefined
}

/**
 * Does a machine start no iPXE, so that it must be sent what Secure Boot lets through?
 *
 * @param boots the events of its latest boots, the newest first
 */
export function refusesIpxe(boots: Iterable<readonly BootEvent[]>): boolean {
  for (const events of boots) {
    const fate = loaderFateOf(events)
    if (fate !== undefined) return fate !== 'ran'
  }
  return false
}

/** iPXE asks for an address, for the script that lies beside it, or for what to boot. */
function showsIpxe(event: BootEvent): boolean {
  if ('speaker' in event) return event.speaker === 'ipxe'
  if (event.type === 'tftp.file') return event.name.endsWith('autoexec.ipxe')
  return event.type === 'http.file' && /\/(?:boot\.ipxe|ipxe)$/.test(event.path)
}

function isSentWhole(event: BootEvent): boolean {
  if (event.type !== 'tftp.file' && event.type !== 'http.file') return false
  const name = event.type === 'tftp.file' ? event.name : event.path
  return event.outcome === 'sent' && event.bytes > 0 && UNSIGNED.test(name.replaceAll('\\', '/'))
}
