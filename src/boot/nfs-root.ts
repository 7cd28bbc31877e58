import type { IpAddress } from '../net/ipv6.ts'
import { urlHost } from './server-addresses.ts'

/** A root that an NFS server has. */
export interface NfsRoot {
  readonly address: IpAddress
  /** In the URL too; without it the machine asks the server's rpcbind where version 3 wants it. */
  readonly port?: number
  readonly path: string
  /** What is tried, in this order: `4.2/4.1/4.0/3`. */
  readonly versions: string
}

/** As `NETROOT_ROOTS` has it: `nfs://10.0.0.1:2049/release/DIGEST?vers=4.2/4.1/4.0/3`. */
export function nfsRootUrl({ address, port, path, versions }: NfsRoot): string {
  return `nfs://${urlHost(address)}${port === undefined ? '' : `:${port}`}${path}?vers=${versions}`
}

/** As `nfsroot=` has it for initramfs-tools, which mounts by version 3. */
export function nfsRootWord({ address, port, path }: NfsRoot): string {
  return `${address}:${path}${port === undefined ? '' : `,port=${port}`}`
}
