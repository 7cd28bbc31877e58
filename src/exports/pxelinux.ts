import { keyOf } from '../boot/loaders/menu.ts'
import type { Mac } from '../net/mac.ts'
import type { Export } from './drop-in.ts'

/** One entry of a configuration of PXELINUX: a kernel, or the machine's own disk. */
export type PxelinuxEntry =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'boot'
      readonly label: string
      /** Where vmlinuz and initrd lie, seen from the directory of the loader. */
      readonly directory: string
      readonly commandLine: string
    }

export interface PxelinuxRequest {
  /** Words above a menu. */
  readonly title: string
  /** One at least; the first is the default. */
  readonly entries: readonly PxelinuxEntry[]
  /** Of a menu; without it the first entry is booted at once. */
  readonly timeoutSeconds?: number
  /** Is it for machines that nobody named? Then PXELINUX tells the kernel which card it is. */
  readonly isForAnyone: boolean
}

/** The name that PXELINUX asks for first that says which machine it is, or last. */
export function pxelinuxName(mac: Mac | undefined): string {
  return `pxelinux.cfg/${mac === undefined ? 'default' : `01-${mac.replaceAll(':', '-')}`}`
}

/** A configuration of PXELINUX whose files lie beside it, on whatever server. */
export function pxelinuxExport({ title, entries, timeoutSeconds, isForAnyone }: PxelinuxRequest): Export {
  const isMenu = timeoutSeconds !== undefined
  const head = isMenu
    ? ['UI menu.c32', 'PROMPT 1', `TIMEOUT ${timeoutSeconds * 10}`, `MENU TITLE ${plain(title)}`, 'MENU IMMEDIATE']
    : [`SAY ${plain(title)}`, 'PROMPT 0']
  const [first] = entries
  const labels = entries.flatMap((entry, index) => [
    `LABEL ${labelOf(entry)}`,
    ...(isMenu ? [`  MENU LABEL ${keyOf(index) === undefined ? '' : `^${keyOf(index)}  `}${wordsOf(entry)}`] : []),
    ...bodyOf(entry),
  ])
  const lines = [
    ...head,
    ...(first === undefined ? [] : [`DEFAULT ${labelOf(first)}`]),
    ...(isForAnyone ? ['IPAPPEND 2'] : []),
    ...labels,
  ]
  return { daemon: 'pxelinux', comment: '#', body: `${lines.join('\n')}\n` }
}

function labelOf(entry: PxelinuxEntry): string {
  return entry.kind === 'local' ? 'local' : entry.label
}

function wordsOf(entry: PxelinuxEntry): string {
  return entry.kind === 'local' ? 'the disk of this machine' : plain(entry.label)
}

function bodyOf(entry: PxelinuxEntry): string[] {
  if (entry.kind === 'local') return ['  LOCALBOOT -1']
  const { directory, commandLine } = entry
  return [`  KERNEL ${directory}/vmlinuz`, `  APPEND initrd=${directory}/initrd ${commandLine}`]
}

/** PXELINUX shows one line of text as it is. */
function plain(words: string): string {
  return words.replace(/[^\x20-\x7e]/g, ' ')
}
