import { isRaspberryPi } from '../boot/loaders/raspberry-pi.ts'
import { LOCAL_ENTRY, type Start } from '../config/start.ts'
import type { DhcpAnswer } from '../protocols/dhcp/answer.ts'
import type { DhcpClient } from '../protocols/dhcp/client.ts'
import { entryOf, type PxeBootItem } from '../protocols/dhcp/pxe-options.ts'
import { labelOf } from './menu-label.ts'

type Menu = Extract<Start, { readonly kind: 'menu' }>['menu']

/** The menu that the firmware of a machine is to show itself, before it fetches anything. */
export function firmwareMenu(start: Start, client: DhcpClient): Menu | undefined {
  if (start.kind !== 'menu' || start.menu.shownBy !== 'firmware') return undefined
  // iPXE and UEFI HTTP boot know no such menu, and a Raspberry Pi has no keyboard then: their loader shows it
  return client.firmware === 'pxe' && !client.isIpxe && !isRaspberryPi(client) ? start.menu : undefined
}

/** The menu until something was taken in it, what that boots after it. */
export function menuOrBoot(
  menu: Menu | undefined,
  item: PxeBootItem | undefined,
  boot: () => Partial<DhcpAnswer>,
): Partial<DhcpAnswer> {
  if (menu === undefined) return boot()
  const name = item === undefined ? undefined : menu.entries[entryOf(item) ?? -1]
  if (item !== undefined && name !== undefined && name !== LOCAL_ENTRY) return { ...boot(), chosen: { item, name } }
  const entries = menu.entries.map((entry) => ({ name: entry, label: labelOf(entry), isLocal: entry === LOCAL_ENTRY }))
  return { menu: { seconds: menu.timeout, entries } }
}
