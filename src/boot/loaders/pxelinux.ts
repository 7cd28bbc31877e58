import type { BootPlan } from '../plan.ts'
import { type BootMenu, chooseName, keyOf } from './menu.ts'

/** How long PXELINUX waits before it asks again, in seconds. */
const RETRY_SECONDS = 5

/**
 * The configuration of one machine for PXELINUX 5 and later. Everything comes over HTTP, which lpxelinux.0 knows and
 * which is many times as fast as TFTP. Where something fails, the file is asked for anew.
 *
 * @param base `http://10.0.0.1`
 * @param name under which PXELINUX asked for this file, to ask again
 */
export function pxelinuxConfig(plan: BootPlan, base: string, title: string, name: string): string {
  return lines([
    `SAY netroot: ${plain(title)}`,
    'DEFAULT netroot',
    'PROMPT 0',
    'ONERROR again',
    'LABEL netroot',
    `  KERNEL ${base}${plan.kernel.path}`,
    `  INITRD ${plan.initramfs.map((file) => `${base}${file.path}`).join(',')}`,
    `  APPEND ${plan.commandLine}`,
    ...askAgain(name),
  ])
}

/** What a machine gets that cannot be served now: the words on its screen, then it asks again. */
export function pxelinuxWait(reason: string, name: string): string {
  return lines([`SAY netroot: ${plain(reason)}`, 'DEFAULT again', 'PROMPT 1', ...timeout(), ...askAgain(name)])
}

/**
 * A menu; the entry that is taken is asked for as a configuration of its own. Where menu.c32 does not come, PXELINUX
 * asks for the name of an entry on one line.
 *
 * @param name under which PXELINUX asked for this file
 */
export function pxelinuxMenu({ title, timeoutSeconds, entries }: BootMenu, name: string): string {
  return lines([
    'UI menu.c32',
    `DEFAULT ${entries[0]?.name ?? ''}`,
    'PROMPT 1',
    `TIMEOUT ${timeoutSeconds * 10}`,
    `MENU TITLE netroot: ${plain(title)}`,
    'MENU IMMEDIATE', // a key takes its entry, without Enter
    ...entries.flatMap((entry, index) => [
      `LABEL ${entry.name}`,
      `  MENU LABEL ${keyLabel(index)}${plain(entry.label)}`,
      `  CONFIG ${chooseName(name, entry.name)}`,
    ]),
  ])
}

function keyLabel(index: number): string {
  const key = keyOf(index)
  return key === undefined ? '' : `^${key}  `
}

/** What a machine gets that shall not boot from here: the words, then its own disk. */
export function pxelinuxLocal(words: string): string {
  return lines([`SAY netroot: ${plain(words)}`, 'DEFAULT local', 'PROMPT 0', 'LABEL local', '  LOCALBOOT -1'])
}

function askAgain(name: string): string[] {
  return ['LABEL again', `  CONFIG ${name}`]
}

/** PXELINUX counts in tenths of a second. */
function timeout(): string[] {
  return [`TIMEOUT ${RETRY_SECONDS * 10}`]
}

/** One line of text; PXELINUX shows it as it is. */
function plain(words: string): string {
  return words.replace(/[^\x20-\x7e]/g, ' ')
}

function lines(all: readonly string[]): string {
  return [...all, ''].join('\n')
}
