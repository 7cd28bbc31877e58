import { httpBase, type ServerAddresses } from '../server-addresses.ts'

/** What decides which loader a machine is sent: what its DHCP packet says of it. */
export interface LoaderClient {
  /** Processor architecture, DHCP option 93 (RFC 4578, IANA registry); undefined where it was not said. */
  readonly architecture: number | undefined
  /** Option 60, such as `PXEClient:Arch:00007:UNDI:003016`. */
  readonly vendorClass: string
  readonly isIpxe: boolean
  /** Can this iPXE fetch over HTTP (suboption 19 of option 175)? */
  readonly ipxeHasHttp: boolean
}

/** The kinds of loaders that a profile can ask for; `grub` is shim and GRUB, which Secure Boot lets through. */
export type LoaderKind = 'ipxe' | 'pxelinux' | 'grub'

/** The loaders of one architecture, the best first. */
interface LoaderRow {
  /** IANA "Processor Architecture Types". */
  readonly architectures: readonly number[]
  /** Firmware that boots by HTTP is given a URL, the rest a name for TFTP. */
  readonly firmware: 'pxe' | 'http'
  readonly files: Readonly<Partial<Record<LoaderKind, string>>>
}

const AMD64 = { ipxe: 'snponly.efi', grub: 'shimx64.efi' } as const
const IA32 = { grub: 'grubia32.efi' } as const // no distribution builds iPXE for it
const ARM64 = { ipxe: 'ipxe-arm64.efi', grub: 'shimaa64.efi' } as const
const RISCV64 = { ipxe: 'ipxe-riscv64.efi' } as const
const LOONG64 = { ipxe: 'ipxe-loong64.efi' } as const

const LOADERS: readonly LoaderRow[] = [
  { architectures: [0], firmware: 'pxe', files: { ipxe: 'undionly.kpxe', pxelinux: 'lpxelinux.0' } },
  { architectures: [6], firmware: 'pxe', files: IA32 },
  { architectures: [15], firmware: 'http', files: IA32 },
  { architectures: [7, 9], firmware: 'pxe', files: AMD64 }, // both are seen from x86-64 UEFI, RFC 4578 errata 4624
  { architectures: [16], firmware: 'http', files: AMD64 },
  { architectures: [11], firmware: 'pxe', files: ARM64 },
  { architectures: [19], firmware: 'http', files: ARM64 },
  { architectures: [27], firmware: 'pxe', files: RISCV64 },
  { architectures: [28], firmware: 'http', files: RISCV64 },
  { architectures: [39], firmware: 'pxe', files: LOONG64 },
  { architectures: [40], firmware: 'http', files: LOONG64 },
]

/** The boot file of a DHCP answer, or the reason why there is none. */
export type LoaderChoice = { readonly bootFile: string } | { readonly missing: string }

/**
 * Chooses the boot file. An iPXE that knows HTTP gets the first script, so that no loader is chained twice; one
 * without HTTP is replaced by ours over TFTP. A profile that asks for another kind gets it from an iPXE in ROM too:
 * neither PXELINUX nor GRUB asks for an address again, so nothing goes round in a circle.
 *
 * @param wanted the kind that the machine's profile names; without it iPXE, and GRUB where there is no iPXE
 */
export function chooseLoader(client: LoaderClient, server: ServerAddresses, wanted?: LoaderKind): LoaderChoice {
  const isOwn = wanted === undefined || wanted === 'ipxe'
  if (isOwn && client.isIpxe && client.ipxeHasHttp) return { bootFile: `${httpBase(server)}/boot.ipxe` }
  const architecture = client.architecture ?? 0 // firmware older than RFC 4578 is BIOS
  const row = LOADERS.find(({ architectures }) => architectures.includes(architecture))
  const file = row === undefined ? undefined : wanted === undefined ? firstOf(row) : row.files[wanted]
  if (row === undefined || file === undefined) return { missing: missingText(row, wanted, architecture) }
  return { bootFile: row.firmware === 'http' ? `${httpBase(server)}/loader/${file}` : file }
}

function firstOf({ files }: LoaderRow): string | undefined {
  return files.ipxe ?? files.grub ?? files.pxelinux
}

function missingText(row: LoaderRow | undefined, wanted: LoaderKind | undefined, architecture: number): string {
  const what = `no ${row === undefined ? 'loader' : wanted} for architecture ${architecture} (DHCP option 93)`
  return row === undefined ? what : `${what}, only ${Object.keys(row.files).join(' and ')}`
}

/** What is fetched before the first machine asks: the loaders of nearly all that are out there, and what they load. */
export const USUAL_LOADERS: Readonly<Record<LoaderKind, readonly string[]>> = {
  ipxe: ['undionly.kpxe', 'snponly.efi'],
  pxelinux: ['lpxelinux.0', 'ldlinux.c32', 'menu.c32', 'libutil.c32'],
  grub: ['shimx64.efi', 'grubx64.efi'],
}

/** Every file that the table above names. */
export const LOADER_FILES: readonly string[] = [...new Set(LOADERS.flatMap((row) => Object.values(row.files)))]

/** Those whose firmware may have Secure Boot on, and for which there are signed loaders. */
export const SIGNED_ARCHITECTURES: ReadonlySet<number> = new Set(
  LOADERS.flatMap(({ architectures, files }) => (files.grub?.startsWith('shim') === true ? architectures : [])),
)

/** One line of the table, as other DHCP servers are told it. */
export interface BootFileRule {
  readonly architectures: readonly number[]
  readonly firmware: 'pxe' | 'http'
  readonly bootFile: string
}

/** What every firmware is told; those that have no loader of the wanted kind are left out. */
export function bootFiles(server: ServerAddresses, wanted?: LoaderKind): BootFileRule[] {
  return LOADERS.flatMap(({ architectures, firmware }) => {
    const [architecture] = architectures
    const client = { architecture, vendorClass: '', isIpxe: false, ipxeHasHttp: false }
    const choice = chooseLoader(client, server, wanted)
    return 'bootFile' in choice ? [{ architectures, firmware, bootFile: choice.bootFile }] : []
  })
}
