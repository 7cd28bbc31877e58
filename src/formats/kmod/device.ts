import type { AliasTable } from './modules-alias.ts'

/** A device as people and firmware name it. */
export type Device = PciDevice | UsbDevice | ModaliasDevice

/** All that iPXE tells of a card: its subsystem and class stay open. */
interface PciDevice {
  readonly bus: 'pci'
  /** Four hex digits, upper case. */
  readonly vendor: string
  readonly device: string
}

interface UsbDevice {
  readonly bus: 'usb'
  readonly vendor: string
  readonly product: string
}

interface ModaliasDevice {
  /** What stands before the first colon: `pci`, `usb`, `vmbus`, `xen`, `of`, … */
  readonly bus: string
  /** As /sys/…/modalias says it. */
  readonly modalias: string
}

/**
 * Reads a device: `8086:100e` (PCI vendor and device), `usb:0bda:8153` (vendor and product), or a whole modalias.
 *
 * @throws {Error} if it is none of them
 */
export function parseDevice(text: string): Device {
  const [, vendor, device = ''] = /^(?:pci:)?([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(text) ?? []
  if (vendor !== undefined) return { bus: 'pci', vendor: vendor.toUpperCase(), device: device.toUpperCase() }
  const [, maker, product = ''] = /^usb:([0-9a-f]{4}):([0-9a-f]{4})$/i.exec(text) ?? []
  if (maker !== undefined) return { bus: 'usb', vendor: maker.toUpperCase(), product: product.toUpperCase() }
  const bus = /^([a-z][\w-]*):[^\s*?]+$/i.exec(text)?.[1]
  if (bus !== undefined) return { bus, modalias: text }
  const wanted = 'want a PCI id such as 8086:100e, usb:0bda:8153, or a line of a modalias file of /sys'
  throw new Error(`Cannot read the device "${text}", ${wanted}`)
}

/** The same device is written in one way, so that it is known again. */
export function deviceText(device: Device): string {
  if ('modalias' in device) return device.modalias
  const ids = 'product' in device ? ['usb', device.vendor, device.product] : [device.vendor, device.device]
  return ids.join(':').toLowerCase()
}

/** The modules of a table that drive a device. */
export function modulesForDevice(table: AliasTable, device: Device): string[] {
  if ('modalias' in device) return table.modulesFor(device.modalias)
  const pattern = 'product' in device ? usbPattern(device) : pciPattern(device)
  const found = table.modulesMatching((alias) => pattern.test(alias))
  const virtio = 'product' in device ? undefined : virtioModalias(device)
  return virtio === undefined ? found : [...new Set([...found, ...table.modulesFor(virtio)])]
}

/**
 * Aliases of any subsystem. One for all devices of a vendor counts where it leaves the class open or wants a network
 * card: else every card of a vendor would bring the drivers of its graphics and disks.
 */
function pciPattern({ vendor, device }: PciDevice): RegExp {
  return new RegExp(`^pci:v0000${vendor}d(?:0000${device}sv.*|\\*sv.*bc(?:\\*|02)sc.*)$`)
}

function usbPattern({ vendor, product }: UsbDevice): RegExp {
  return new RegExp(`^usb:v${vendor}p(?:${product}|\\*)d`)
}

/** Kinds of device by their transitional PCI ids, virtio 1.2 section 4.1.2.1: their number is not in them. */
const TRANSITIONAL: Readonly<Record<string, number>> = {
  1000: 1,
  1001: 2,
  1002: 5,
  1003: 3,
  1004: 8,
  1005: 4,
  1009: 9,
}

/** A virtio card's driver hangs on the virtio bus; from its PCI id follows what its modalias there is. */
function virtioModalias({ vendor, device }: PciDevice): string | undefined {
  if (vendor !== '1AF4') return undefined
  const modern = Number.parseInt(device, 16) - 0x1040
  const type = TRANSITIONAL[device] ?? (modern > 0 && modern <= 0x3f ? modern : undefined)
  return type === undefined ? undefined : `virtio:d${type.toString(16).toUpperCase().padStart(8, '0')}v00001AF4`
}

/** The buses that drivers of this device stand on: a virtio card is a PCI card too. */
export function busesOf(device: Device): string[] {
  const isVirtio = 'device' in device && virtioModalias(device) !== undefined
  return isVirtio ? [device.bus, 'virtio'] : [device.bus]
}
