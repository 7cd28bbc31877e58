import type { BootPlan } from '../plan.ts'

/*
 * Raspberry Pi 4: its ROM is a small PXE client that calls itself a BIOS of Intel's kind, takes no boot file, and asks
 * by TFTP for files of fixed names, first in a directory that is named for its serial number. What it wants is told in
 * the documentation of the Raspberry Pi, "Network booting" and "Raspberry Pi 4 bootloader configuration".
 */

/** The first three octets of MAC addresses that were given out to Raspberry Pi. */
const MAC_PREFIXES = ['28:cd:c1', '2c:cf:67', '88:a2:9e', 'b8:27:eb', 'd8:3a:dd', 'dc:a6:32', 'e4:5f:01']
/** What it calls its processor in option 93: by the registry, and what the ROM of 2019 says. */
const ARCHITECTURES: ReadonlySet<number> = new Set([41, 0])

/** Is it one, by what its DHCP packet says? */
export function isRaspberryPi({
  mac,
  vendorClass = '',
  architecture,
}: {
  readonly mac: string
  readonly vendorClass?: string | undefined
  readonly architecture?: number | undefined
}): boolean {
  const isKnown = MAC_PREFIXES.some((prefix) => mac.startsWith(prefix))
  return isKnown && vendorClass.startsWith('PXEClient') && ARCHITECTURES.has(architecture ?? 0)
}

/** The first file of its firmware that is not in its ROM. */
export const PI_BOOT_FILE = 'start4.elf'

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1')
const MENU_TEXT = 'Raspberry Pi Boot'

/** Option 43, without which it takes no offer: a PXE menu of one entry with this text (PXE 2.1, table 2-1). */
export const PI_VENDOR_OPTIONS: ReadonlyMap<number, Uint8Array> = new Map([
  [6, Uint8Array.of(3)], // neither broadcast nor multicast: the answer says where
  [10, Buffer.concat([Uint8Array.of(0), latin1('PXE')])],
  [9, Buffer.concat([Uint8Array.of(0, 0, MENU_TEXT.length), latin1(MENU_TEXT)])],
])

/** Files of the firmware that are served as they are, out of a package or a file that `loaders:` names. */
export const PI_FIRMWARE: readonly string[] = ['start4.elf', 'fixup4.dat']

/** `config.txt`: a kernel of 64 bits, and the initramfs right behind it. */
export function piConfig(): string {
  return ['arm_64bit=1', 'enable_uart=1', 'kernel=vmlinuz', 'initramfs initrd followkernel', ''].join('\n')
}

/** `cmdline.txt`: one line. */
export function piCommandLine(plan: BootPlan): string {
  return `${plan.commandLine}\n`
}
