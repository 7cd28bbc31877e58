import type { BootPlan } from '../plan.ts'
import { type BootMenu, chooseName, keyOf } from './menu.ts'

/** How long GRUB waits before it asks again, in seconds. */
const RETRY_SECONDS = 5

/** How GRUB names a server: `tftp,10.0.0.1`, `http,10.0.0.1:8080`. */
export type GrubDevice = `tftp,${string}` | `http,${string}`

/** What GRUB asks for first. */
const FIRST_SCRIPT = '/grub/grub.cfg'

/** A machine's own script: GRUB puts its MAC address behind it. */
const GRUB_MACHINE_SCRIPT = '/grub/grub.cfg-'

/**
 * The first script, the same for every machine: it goes on to the one of the card that the machine booted from. GRUB
 * that Secure Boot started may run scripts, but only kernels that are signed.
 */
export function grubFirstScript(device: GrubDevice): string {
  return script([
    `configfile (${device})${GRUB_MACHINE_SCRIPT}$net_default_mac`,
    ...tryAgain('no answer to the question what to boot', device),
  ])
}

/**
 * The script of one machine. Distributions' signed GRUB need not know HTTP, so that everything comes the way that this
 * script came, from the server that is named here whatever DHCP said.
 *
 * @param again what it asks for where this fails, so that nobody has to choose again
 */
export function grubScript(plan: BootPlan, device: GrubDevice, title: string, again?: string): string {
  const file = (path: string): string => word(`(${device})${path}`)
  const words = plan.commandLine.split(' ').filter((one) => one !== '')
  return script([
    `echo ${word(`netroot: ${plain(title)}`)}`,
    `if linux ${[file(plan.kernel.path), ...words.map(word)].join(' ')}; then`,
    `  if initrd ${plan.initramfs.map(({ path }) => file(path)).join(' ')}; then boot; fi`,
    'fi',
    ...tryAgain('this boot could not be fetched or started', device, again),
  ])
}

/** What a machine gets that cannot be served now: the words on its screen, then it asks again. */
export function grubWait(reason: string, device: GrubDevice, again?: string): string {
  return script(tryAgain(reason, device, again))
}

/**
 * A menu; the entry that is taken is asked for as a script of its own.
 *
 * @param name under which GRUB asked for this script
 */
export function grubMenu({ timeoutSeconds, entries }: BootMenu, device: GrubDevice, name: string): string {
  const path = name.replace(/^\/*/, '/')
  return script([
    `set timeout=${timeoutSeconds}`,
    'set default=0',
    ...entries.flatMap((entry, index) => {
      const key = keyOf(index)
      const label = word(`${key === undefined ? '' : `${key}  `}${plain(entry.label)}`)
      return [
        `menuentry ${label}${key === undefined ? '' : ` --hotkey=${key}`} {`,
        `  configfile (${device})${chooseName(path, entry.name)}`,
        '}',
      ]
    }),
  ])
}

/** What a machine gets that starts from its own disk: the words, then the firmware's next boot device. */
export function grubLocal(words: string): string {
  return script([`echo ${word(`netroot: ${plain(words)}`)}`, 'exit'])
}

/** What a machine gets that shall not boot from here: the words, then the firmware's next boot device. */
export function grubRefusal(reason: string, seconds: number): string {
  return script([`echo ${word(`netroot: ${plain(reason)}`)}`, `sleep ${seconds}`, 'exit'])
}

function tryAgain(reason: string, device: GrubDevice, again = FIRST_SCRIPT): string[] {
  return [
    `echo ${word(`netroot: ${plain(reason)}; trying again in ${RETRY_SECONDS} s`)}`,
    `sleep ${RETRY_SECONDS}`,
    `configfile (${device})${again.replace(/^\/*/, '/')}`,
  ]
}

/** A word as GRUB's shell takes it unchanged. */
function word(text: string): string {
  return /^[\w@%+=:,./()-]+$/.test(text) && !/^[()]/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

/** GRUB's font on a serial line has no more. */
function plain(words: string): string {
  return words.replace(/[^\x20-\x7e]/g, ' ')
}

function script(lines: readonly string[]): string {
  return [...lines, ''].join('\n')
}
