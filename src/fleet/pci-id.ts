/** `pci:v00001D6Ad0000D107sv…` is the card 1d6a:d107; undefined for a device of another bus. */
export function pciIdOf(modalias: string): string | undefined {
  const match = /^pci:v0000([0-9A-F]{4})d0000([0-9A-F]{4})/i.exec(modalias)
  return match === null ? undefined : `${match[1]}:${match[2]}`.toLowerCase()
}

/** `01:80:86:10:0e`, as iPXE tells the card that it boots from, is 8086:100e; undefined for what is not on PCI. */
export function pciIdOfBusId(busId: string): string | undefined {
  const match = /^01:(..):(..):(..):(..)$/.exec(busId)
  return match === null ? undefined : `${match[1]}${match[2]}:${match[3]}${match[4]}`
}

/** How a device is called in a story: its PCI id, or the beginning of its modalias. */
export function deviceName(device: string): string {
  return pciIdOf(device) ?? device.replace(/^(usb:v\w{4}p\w{4}).*/, '$1')
}
