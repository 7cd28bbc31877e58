import { architectureName } from '../fleet/architectures.ts'
import type { Machine } from '../fleet/machine.ts'

/** Debian's names of the architectures whose kernels firmware starts, by its code in DHCP option 93. */
const KERNELS: ReadonlyMap<number, readonly string[]> = new Map([
  [0, ['amd64', 'i386']],
  [6, ['amd64', 'i386']], // Linux for x86-64 starts from 32-bit UEFI, too
  [7, ['amd64']],
  [9, ['amd64']],
  [10, ['armhf', 'armel']],
  [11, ['arm64']],
  [15, ['amd64', 'i386']],
  [16, ['amd64']],
  [17, ['amd64']],
  [18, ['armhf', 'armel']],
  [19, ['arm64']],
  [20, ['amd64', 'i386']],
  [27, ['riscv64']],
  [28, ['riscv64']],
  [39, ['loong64']],
  [40, ['loong64']],
])

/**
 * Why a kernel cannot start on a machine, in words; undefined where it can, or where one of both is not known.
 *
 * @param architecture of the kernel, Debian's name
 */
export function whyNotOn(machine: Machine, architecture: string): string | undefined {
  const isBios = (machine.architecture ?? 0) === 0
  if (isBios && machine.is64Bit === false && architecture === 'amd64')
    return 'its processor has no 64-bit mode, and the kernel is one for amd64: give it an image for i386'
  if (machine.architecture === undefined) return undefined
  const starts = KERNELS.get(machine.architecture)
  if (starts === undefined || architecture === 'unknown' || starts.includes(architecture)) return undefined
  const firmware = architectureName(machine.architecture)
  return `its firmware is ${firmware}, and the kernel is one for ${architecture}: give it an image for ${starts.join(' or ')}`
}
