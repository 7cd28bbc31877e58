import type { Cidr } from '../../net/cidr.ts'
import type { Ipv4 } from '../../net/ipv4.ts'
import { autoexecScript, staticScript } from '../loaders/ipxe.ts'

/** What a medium says to the machine that starts from it. */
export interface MediaRequest {
  /** `http://10.0.0.1`: the server that says what to boot. */
  readonly base: string
  /** The machine's own address, for networks without DHCP; without it the machine asks DHCP. */
  readonly address?: Cidr
  readonly router?: Ipv4
}

/** The script that iPXE runs. */
export function mediaScript({ base, address, router }: MediaRequest): string {
  if (address === undefined) return autoexecScript(base)
  return staticScript(base, {
    address,
    ...(router === undefined ? {} : { router }),
  })
}

/** ISOLINUX starts iPXE as if it were a kernel; iPXE takes what stands for an initramfs as its script. */
export function isolinuxConfig(): string {
  return ['DEFAULT ipxe', 'PROMPT 0', 'LABEL ipxe', '  KERNEL ipxe.lkrn', '  INITRD boot.ipxe', ''].join('\n')
}
