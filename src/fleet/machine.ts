import type { Mac } from '../net/mac.ts'

/** What shows up on the wire, before anybody named it. */
export interface Machine {
  readonly mac: Mac
  /** SMBIOS UUID, lower case with hyphens (DHCP option 97, RFC 4578 §2.3). */
  readonly uuid?: string
  /** Processor architecture, DHCP option 93 (RFC 4578 §2.1). */
  readonly architecture?: number
  /** The card it boots from, as iPXE tells it: bus type, vendor, device, such as `01:80:86:10:0e`. */
  readonly busId?: string
  /** The class of netroot.yaml that it is of, by what it said in this boot. */
  readonly class?: string
  /** The processor, as iPXE for BIOS finds it: whether it has a 64-bit mode. */
  readonly is64Bit?: boolean
}

/**
 * Who is speaking DHCP on the machine: each stage of a boot has its own client. `keeper` is ours in the running system,
 * which keeps the lease of the root's card; `system` is whatever else speaks there, and should not on that card.
 */
export type Speaker = 'firmware' | 'ipxe' | 'initramfs' | 'keeper' | 'system'

/** What of a DHCP packet tells who speaks. Missing options are empty. */
export interface SpeakerClues {
  /** Option 60, such as `PXEClient:Arch:00007:UNDI:003016`. */
  readonly vendorClass: string
  /** Option 77, such as `iPXE`. */
  readonly userClass: string
}

/** Option 60 of our own DHCP clients: client/lib/dhcp.sh and client/system/lease say these to udhcpc (`-V`). */
const OUR_VENDOR_CLASSES = new Map<string, Speaker>([
  ['netroot', 'initramfs'],
  ['netroot-keeper', 'keeper'],
])

/**
 * Tells the stages of a boot apart. iPXE calls itself a PXEClient too, so its user class is looked at first; whatever
 * says nothing of these is the DHCP client of a running system.
 */
export function speakerOf({ vendorClass, userClass }: SpeakerClues): Speaker {
  if (userClass.includes('iPXE')) return 'ipxe' // by RFC 3004 it may have a length byte in front
  if (/^(?:PXE|HTTP)Client\b/.test(vendorClass)) return 'firmware'
  return OUR_VENDOR_CLASSES.get(vendorClass) ?? 'system'
}
