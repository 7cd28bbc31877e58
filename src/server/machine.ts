import type { Machine, Speaker } from '../fleet/machine.ts'
import { speakerOf } from '../fleet/machine.ts'
import type { BusId, DhcpClient } from '../protocols/dhcp/client.ts'

/** The machine that a DHCP packet comes from, in the fleet's words. */
export function machineOf(client: DhcpClient): Machine {
  const { mac, uuid, architecture, busId } = client
  return {
    mac,
    ...(uuid === undefined ? {} : { uuid }),
    ...(architecture === undefined ? {} : { architecture }),
    ...(busId === undefined ? {} : { busId: busIdText(busId) }),
  }
}

/** Which stage of a boot sent the packet. */
export function speakerIn(client: DhcpClient): Speaker {
  if (client.isIpxe) return 'ipxe'
  return speakerOf({ vendorClass: client.vendorClass ?? '', userClass: client.userClasses.join(' ') })
}

/** As iPXE's `${net0/busid}` prints it: bus type 1 is PCI, then vendor and device. */
function busIdText({ vendor, device }: BusId): string {
  const digits = (0x01_0000_0000 + vendor * 0x1_0000 + device).toString(16).padStart(10, '0')
  return digits.replace(/..(?=.)/g, '$&:')
}
