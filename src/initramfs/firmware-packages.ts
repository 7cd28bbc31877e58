/** Debian packages by the beginning of the names of their firmware; the network cards that ask for any. */
const PACKAGES: readonly (readonly [beginning: string, debianPackage: string])[] = [
  ['rtl_nic/', 'firmware-realtek'],
  ['bnx2/', 'firmware-bnx2'],
  ['bnx2x/', 'firmware-bnx2x'],
  ['cbfw', 'firmware-brocade'],
  ['ctfw', 'firmware-brocade'],
  ['ct2fw', 'firmware-brocade'],
  ['liquidio/', 'firmware-cavium'],
  ['intel/ice/', 'firmware-intel-misc'],
  ['myri10ge_', 'firmware-myricom'],
  ['netronome/', 'firmware-netronome'],
  ['phanfw', 'firmware-netxen'],
  ['nxromimg', 'firmware-netxen'],
  ['nx3fwct', 'firmware-netxen'],
  ['nx3fwmn', 'firmware-netxen'],
  ['qed/', 'firmware-qlogic'],
  ['cis/', 'firmware-linux-free'],
  ['3com/', 'firmware-misc-nonfree'],
  ['acenic/', 'firmware-misc-nonfree'],
  ['adaptec/', 'firmware-misc-nonfree'],
  ['cxgb3/', 'firmware-misc-nonfree'],
  ['cxgb4/', 'firmware-misc-nonfree'],
  ['e100/', 'firmware-misc-nonfree'],
  ['kaweth/', 'firmware-misc-nonfree'],
  ['sun/', 'firmware-misc-nonfree'],
  ['tehuti/', 'firmware-misc-nonfree'],
  ['tigon/', 'firmware-misc-nonfree'],
]

/** The package of Debian's non-free-firmware (or main) that has a firmware file, where it is known. */
export function firmwarePackage(name: string): string | undefined {
  return PACKAGES.find(([beginning]) => name.startsWith(beginning))?.[1]
}
