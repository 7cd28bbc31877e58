import { isFirmware, RASPBERRY_PI } from '../../protocols/dhcp/firmware-quirks.ts'
import type { BootPlan } from '../plan.ts'

/*
 * Raspberry Pi 4: its ROM is a small PXE client that calls itself a BIOS of Intel's kind, takes no boot file, and asks
 * by TFTP for files of fixed names, first in a directory that is named for its serial number. What it wants is told in
 * the documentation of the Raspberry Pi, "Network booting" and "Raspberry Pi 4 bootloader configuration".
 */

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
  const firmware = vendorClass.startsWith('PXEClient') ? 'pxe' : 'none'
  const said = architecture === undefined ? {} : { architecture }
  return isFirmware({ mac, firmware, isIpxe: false, ...said }, RASPBERRY_PI)
}

/** The first file of its firmware that is not in its ROM. */
export const PI_BOOT_FILE = 'start4.elf'

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
