import { bootFiles, type BootFileRule, type LoaderKind } from '../boot/loaders/select.ts'
import { httpBase, type ServerAddresses } from '../boot/server-addresses.ts'
import type { Config } from '../config/schema.ts'
import type { Cidr } from '../net/cidr.ts'

/** What a configuration for another DHCP server is made from. */
export interface DhcpExport {
  readonly config: Config
  /** Where machines find netroot's HTTP and NFS, and the TFTP server that serves the loaders. */
  readonly server: ServerAddresses
  /** The network that machines are in. */
  readonly network: Cidr
  /** Only what to boot: addresses, router and name servers are somebody else's matter. */
  readonly bootOnly: boolean
  /** The networks that `networks:` names, each as if it were the only one. */
  readonly more: readonly FurtherNetwork[]
}

/** Another network of the same server. */
export interface FurtherNetwork extends Omit<DhcpExport, 'more'> {
  /** Where the server has an address of its own there; missing behind relays. */
  readonly interface?: string
}

/** What the rules below lead to. */
export interface BootRules {
  /** iPXE's first script. */
  readonly script: string
  /** By architecture; the first is BIOS, which is what firmware is that does not say. */
  readonly loaders: readonly BootFileRule[]
}

/** Which machine is told to fetch what, in a form that every DHCP server can express. */
export function bootRules(server: ServerAddresses, wanted?: LoaderKind): BootRules {
  return { script: `${httpBase(server)}/boot.ipxe`, loaders: bootFiles(server, wanted) }
}
