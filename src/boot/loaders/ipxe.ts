import type { BootPlan, PlannedFile } from '../plan.ts'
import { netmaskOf } from '../../net/cidr.ts'
import { type StaticAddress, staticAddressText } from '../static-address.ts'
import { type BootMenu, keyOf } from './menu.ts'

/*
 * Debian's iPXE of 2019 must understand every line: no newer commands, no newer options. A script that fails says so on
 * the machine's screen and tries again, because a server that restarts is back in seconds.
 */

/** How long a script waits before it asks again. */
const RETRY_SECONDS = 5
/** The same, for each time that a boot could not be fetched: one file that is not there must not make a fast circle. */
const PAUSES_SECONDS = [5, 10, 20, 40] as const
/** iPXE's setting that outlives one script: how often a boot could not be fetched. */
const FAILED = 'failed'
/** Another one: the entry of the menu that was chosen on this run of the machine. */
const CHOICE = 'choice'
/** And the address that its medium gave it. */
const OWN = 'static'

/**
 * What a BIOS machine's processor is: bit 29 of CPUID 80000001h is its 64-bit mode, bit 8 of CPUID 1 something that all
 * have, so that an iPXE without the command says nothing at all.
 */
const PROCESSOR = [
  'iseq ${buildarch} i386 && cpuid 8 && set cpu i386 ||',
  'iseq ${buildarch} i386 && cpuid --ext 29 && set cpu x86_64 ||',
] as const

/**
 * The first script, the same for every machine: it tells who it is and asks for its own script. `netX` is the card
 * that iPXE opened last, the one that it boots from.
 */
export function firstScript(base: string): string {
  const query = [
    'mac=${netX/mac}',
    'uuid=${uuid}',
    'busid=${netX/busid}',
    'platform=${platform}',
    'arch=${buildarch}',
    'cpu=${cpu}',
    'version=${version:uristring}',
    `failed=\${${FAILED}}`,
    `${CHOICE}=\${${CHOICE}}`,
    `${OWN}=\${${OWN}}`,
  ].join('&')
  return script([
    ...PROCESSOR,
    ':ask',
    `chain --replace --autofree ${base}/ipxe?${query} || goto failed`,
    ':failed',
    ...tryAgain(`netroot: no answer from ${base}`, 'ask'),
  ])
}

/**
 * What iPXE for UEFI looks for beside itself before it does anything else: with it, it neither waits two seconds for
 * somebody to press a key, nor complains of a missing file.
 */
export function autoexecScript(base: string): string {
  return script([
    ':configure',
    'dhcp || goto failed',
    `chain --replace --autofree ${base}/boot.ipxe || goto failed`,
    ':failed',
    ...tryAgain(`netroot: no address, or no answer from ${base}`, 'configure'),
  ])
}

/** The same for a network without DHCP: the first card that can be opened has this address, and tells the server so. */
export function staticScript(base: string, own: StaticAddress): string {
  const { address, router } = own
  return script([
    `set ${OWN} ${staticAddressText(own)}`,
    ':configure',
    'ifclose',
    'ifopen net0 || ifopen net1 || goto failed',
    `set netX/ip ${address.address}`,
    `set netX/netmask ${netmaskOf(address)}`,
    ...(router === undefined ? [] : [`set netX/gateway ${router}`]),
    `chain --replace --autofree ${base}/boot.ipxe || goto failed`,
    ':failed',
    ...tryAgain(`netroot: no network card, or no answer from ${base}`, 'configure'),
  ])
}

/**
 * The script of one machine: kernel, initramfs parts, command line. Where they cannot be fetched it asks what to boot
 * anew: a part may have gone meanwhile, or a server may have come back that knows nothing of this boot.
 *
 * @param failed how often that happened already, as the machine says
 */
export function bootScript(plan: BootPlan, base: string, title: string, failed = 0): string {
  // UEFI kernels get from iPXE only the files that their command line names, in this order.
  const initrds = plan.initramfs.map((file) => `initrd=${file.name}`).join(' ')
  return script([
    `echo netroot: ${plain(title)}`,
    'imgfree',
    `kernel --name ${plan.kernel.name} ${base}${plan.kernel.path} ${initrds} ${plan.commandLine} || goto failed`,
    ...plan.initramfs.map((file) => initrdLine(file, base)),
    'boot || goto failed',
    ':failed',
    'imgfree',
    `set ${FAILED} ${failed + 1}`,
    ...askAnew('netroot: this boot could not be fetched or started', base, pauseAfter(failed)),
  ])
}

/**
 * A menu. What is chosen becomes a setting of iPXE, which the first script tells from then on: a machine that has to
 * wait or to try again is not asked twice, and one that is restarted is asked anew.
 */
export function menuScript({ title, timeoutSeconds, entries }: BootMenu, base: string): string {
  const [first] = entries
  const items = entries.map(({ name, label }, index) => {
    const key = keyOf(index)
    return key === undefined ? `item ${name} ${plain(label)}` : `item --key ${key} ${name} ${key}  ${plain(label)}`
  })
  return script([
    ':menu',
    `menu netroot: ${plain(title)}`,
    ...items,
    `choose --default ${first?.name ?? ''} --timeout ${timeoutSeconds * 1000} ${CHOICE} || goto menu`,
    ...chainForEver(base),
  ])
}

/** What a machine gets that starts from its own disk: a BIOS would try the network again, so its disk is named. */
export function localScript(words: string): string {
  return script([
    `echo netroot: ${plain(words)}`,
    'iseq ${platform} efi && goto leave ||',
    'sanboot --no-describe --drive 0x80 ||',
    'echo netroot: there is no disk that this machine can start from',
    ':leave',
    'exit 1',
  ])
}

/** What a machine gets that shall not boot from here: the words on its screen, then its next boot device. */
export function refusalScript(reason: string, seconds: number): string {
  return script([`echo netroot: ${plain(reason)}`, `sleep ${seconds}`, 'exit 1'])
}

/** What a machine gets that may be served soon: the words on its screen, then it asks again. */
export function waitScript(reason: string, base: string, seconds = RETRY_SECONDS): string {
  return script([`echo netroot: ${plain(reason)}`, `sleep ${seconds}`, ...chainForEver(base)])
}

function initrdLine(file: PlannedFile, base: string): string {
  return `initrd --name ${file.name} ${base}${file.path} || goto failed`
}

function pauseAfter(failed: number): number {
  return PAUSES_SECONDS[failed] ?? PAUSES_SECONDS[PAUSES_SECONDS.length - 1] ?? RETRY_SECONDS
}

function askAnew(words: string, base: string, seconds: number): string[] {
  return [`echo ${words}; trying again in ${seconds} s`, `sleep ${seconds}`, ...chainForEver(base)]
}

/** A script that ends would end iPXE, and the machine would boot something else. */
function chainForEver(base: string): string[] {
  return [
    ':again',
    `chain --replace ${base}/boot.ipxe || goto gone`,
    ':gone',
    ...tryAgain(`netroot: no answer from ${base}`, 'again'),
  ]
}

function tryAgain(words: string, label: string): string[] {
  return [`echo ${words}; trying again in ${RETRY_SECONDS} s`, `sleep ${RETRY_SECONDS}`, `goto ${label}`]
}

function script(lines: readonly string[]): string {
  return ['#!ipxe', ...lines, ''].join('\n')
}

/** iPXE expands `${…}` and splits at `||`, `&&` and `;`: words for the screen go without them. */
function plain(words: string): string {
  return words.replace(/[^\p{L}\p{N} .,:()/_+@-]/gu, ' ')
}
