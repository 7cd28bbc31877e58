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

/** The loader of one architecture: the file over TFTP, and the same over HTTP for firmware that boots by HTTP. */
interface LoaderRow {
  readonly architecture: number
  readonly file: string
  readonly firmware: 'pxe' | 'http'
}

/** IANA "Processor Architecture Types"; 7 and 9 are both seen from x86-64 UEFI, RFC 4578 errata. */
const LOADERS: readonly LoaderRow[] = [
  { architecture: 0, file: 'undionly.kpxe', firmware: 'pxe' },
  { architecture: 7, file: 'snponly.efi', firmware: 'pxe' },
  { architecture: 9, file: 'snponly.efi', firmware: 'pxe' },
  { architecture: 16, file: 'snponly.efi', firmware: 'http' },
]

/** The boot file of a DHCP answer, or the reason why there is none. */
export type LoaderChoice = { readonly bootFile: string } | { readonly missing: string }

/**
 * Chooses the boot file. An iPXE that knows HTTP gets the first script, so that no loader is chained twice; one
 * without HTTP is replaced by ours over TFTP.
 */
export function chooseLoader(client: LoaderClient, server: ServerAddresses): LoaderChoice {
  if (client.isIpxe && client.ipxeHasHttp) return { bootFile: `${httpBase(server)}/boot.ipxe` }
  const architecture = client.architecture ?? 0 // firmware older than RFC 4578 is BIOS
  const row = LOADERS.find((candidate) => candidate.architecture === architecture)
  if (row === undefined) return { missing: `no loader for architecture ${architecture} (DHCP option 93)` }
  return { bootFile: row.firmware === 'http' ? `${httpBase(server)}/loader/${row.file}` : row.file }
}

/** The files that the table above names: what the server must have. */
export const LOADER_FILES: readonly string[] = [...new Set(LOADERS.map((row) => row.file))]
