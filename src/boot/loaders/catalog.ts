import { PI_FIRMWARE } from './raspberry-pi.ts'

/** Where a loader comes from: one file of one Debian package. */
export interface LoaderSource {
  /** The name under which it is served. */
  readonly name: string
  readonly package: string
  /** Debian's architecture of the package; those for all are looked up in amd64's index. */
  readonly architecture: 'amd64' | 'arm64'
  /** Component of the archive, `main` where nothing is said. */
  readonly component?: 'non-free-firmware'
  /** Path inside the package. */
  readonly member: string
}

const ipxe = fromPackage('ipxe', 'amd64', 'usr/lib/ipxe')
const pxelinux = fromPackage('pxelinux', 'amd64', 'usr/lib/PXELINUX')
const syslinux = fromPackage('syslinux-common', 'amd64', 'usr/lib/syslinux/modules/bios')

/** Every loader that is known. */
export const LOADER_CATALOG: readonly LoaderSource[] = [
  ipxe('undionly.kpxe'),
  ipxe('ipxe.lkrn'),
  ipxe('snponly.efi'),
  ipxe('ipxe.efi', 'ipxe-amd64.efi'),
  ipxe('ipxe-arm64.efi'),
  ipxe('ipxe-riscv64.efi'),
  ipxe('ipxe-loong64.efi'),
  pxelinux('lpxelinux.0'),
  // Under its old name too, for DHCP servers that name it: this one can do all that the old one can, and HTTP.
  pxelinux('pxelinux.0', 'lpxelinux.0'),
  syslinux('ldlinux.c32'),
  syslinux('menu.c32'),
  syslinux('libutil.c32'),
  syslinux('libcom32.c32'),
  syslinux('chain.c32'),
  // what begins a CD or a USB stick
  fromPackage('isolinux', 'amd64', 'usr/lib/ISOLINUX')('isolinux.bin'),
  fromPackage('isolinux', 'amd64', 'usr/lib/ISOLINUX')('isohdpfx.bin'),
  // shim looks for GRUB beside itself, under these names
  fromPackage('shim-signed', 'amd64', 'usr/lib/shim')('shimx64.efi', 'shimx64.efi.signed'),
  fromPackage(
    'grub-efi-amd64-signed',
    'amd64',
    'usr/lib/grub/x86_64-efi-signed',
  )('grubx64.efi', 'grubnetx64.efi.signed'),
  fromPackage('shim-signed', 'arm64', 'usr/lib/shim')('shimaa64.efi', 'shimaa64.efi.signed'),
  fromPackage(
    'grub-efi-arm64-signed',
    'arm64',
    'usr/lib/grub/arm64-efi-signed',
  )('grubaa64.efi', 'grubnetaa64.efi.signed'),
  ...PI_FIRMWARE.map((name) => ({
    ...fromPackage('raspi-firmware', 'arm64', 'usr/lib/raspi-firmware')(name),
    component: 'non-free-firmware' as const,
  })),
  fromPackage('grub-efi-ia32-unsigned', 'amd64', 'usr/lib/grub/i386-efi/monolithic')('grubia32.efi', 'grubnetia32.efi'),
]

/** The source of that loader; undefined where none is known. */
export function loaderSource(name: string): LoaderSource | undefined {
  return LOADER_CATALOG.find((source) => source.name === name)
}

function fromPackage(name: string, architecture: LoaderSource['architecture'], directory: string) {
  return (loader: string, file = loader): LoaderSource => ({
    name: loader,
    package: name,
    architecture,
    member: `${directory}/${file}`,
  })
}
