import { resolve } from 'node:path'
import type { NfsRoot } from '../boot/nfs-root.ts'
import type { Config } from '../config/schema.ts'
import type { OtherNfs } from '../config/nfs.ts'
import { networkOf } from '../net/cidr.ts'
import type { IpAddress } from '../net/ipv6.ts'
import type { Export } from './drop-in.ts'
import { type ExportedRelease, ganeshaExport, knfsdExport } from './nfs.ts'

/** What netroot knows of another NFS server. */
interface NfsServerKind {
  /** For people. */
  readonly name: string
  /** The drop-in file. */
  readonly file: string
  /** What has it read that file again. */
  readonly reload: readonly string[]
  /** What to type where it does not run. */
  readonly start: string
  /** What to type where it is not there. */
  readonly install: string
  /** The versions of NFSv4 that machines try before 3, in this order. */
  readonly versions4: string
  readonly render: typeof knfsdExport
}

const KINDS: Readonly<Record<OtherNfs['server'], NfsServerKind>> = {
  kernel: {
    name: "the kernel's nfsd",
    file: '/etc/exports.d/netroot.exports',
    reload: ['exportfs', '-ra'],
    start: 'systemctl enable --now nfs-server',
    install: 'apt-get install nfs-kernel-server',
    versions4: '4.2/4.1/4.0',
    render: knfsdExport,
  },
  ganesha: {
    name: 'nfs-ganesha',
    file: '/etc/ganesha/netroot.conf',
    reload: ['systemctl', 'reload', 'nfs-ganesha'],
    start: 'systemctl enable --now nfs-ganesha',
    install: 'apt-get install nfs-ganesha nfs-ganesha-vfs',
    versions4: '4.1/4.0', // by 4.2 Linux 6.12 gets EIO for programs from ganesha 4.3
    render: ganeshaExport,
  },
}

/** How one such server is dealt with, with what `nfs` of netroot.yaml says of it. */
export interface NfsServerPlan extends NfsServerKind {
  readonly kind: OtherNfs['server']
  /** Another host than this. */
  readonly isRemote: boolean
}

/** The usual file and command of a server, unless netroot.yaml says others; of another host no command. */
export function nfsServerPlan({ server, file, reload, address }: OtherNfs): NfsServerPlan {
  const kind = KINDS[server]
  const isRemote = address !== undefined
  const usual = isRemote ? [] : kind.reload
  return { ...kind, kind: server, isRemote, file: file ?? kind.file, reload: reload ?? usual }
}

/** The drop-in file of a server, without its header; releases by their directories on this host. */
export function nfsServerExport(
  nfs: OtherNfs,
  releases: readonly ExportedRelease[],
  networks: readonly string[],
): Export {
  const there = releases.map(({ digest, directory }) => ({ digest, directory: pathThere(nfs, directory) }))
  return KINDS[nfs.server].render({ releases: there, networks, port: nfs.port })
}

const DEFAULT_PORT = 2049

/**
 * Where machines find a release that such a server has.
 *
 * @param address at which machines find netroot
 * @param hasOwnRoot the kernel's nfsd has an export of somebody else for the root of NFSv4 (`fsid=0`): then the releases
 *   are to be had by version 3 only, since paths of version 4 begin there
 */
export function nfsServerRoots(
  nfs: OtherNfs,
  { digest, directory }: ExportedRelease,
  address: IpAddress,
  hasOwnRoot = false,
): NfsRoot[] {
  const isUsualPort = nfs.port === DEFAULT_PORT
  const path = nfs.server === 'ganesha' ? `/release/${digest}` : pathThere(nfs, directory)
  const root = { address: nfs.address ?? address, path }
  if (hasOwnRoot) return [{ ...root, versions: '3' }]
  // with a port in the URL MOUNT is looked for there too, which is netroot's own way
  const { versions4 } = KINDS[nfs.server]
  return [isUsualPort ? { ...root, versions: `${versions4}/3` } : { ...root, port: nfs.port, versions: versions4 }]
}

/** The networks whose machines are served, as both servers write them. */
export function servedNetworks(
  config: Pick<Config, 'ipv6' | 'networks'>,
  networks: readonly { readonly network: Parameters<typeof networkOf>[0] }[],
): string[] {
  const four = networks.map(({ network }) => `${networkOf(network)}/${network.prefix}`)
  const six = [config.ipv6, ...config.networks.map(({ ipv6 }) => ipv6)].flatMap((one) =>
    one === undefined ? [] : [`${one.prefix.address}/${one.prefix.prefix}`],
  )
  return [...new Set([...four, ...six])]
}

/**
 * Is there an export for the root of NFSv4, `fsid=0`, in what exportfs(8) has told the kernel? One line for each export
 * and client: `/srv<TAB>10.0.0.0/24(ro,…,fsid=0,…)`.
 */
export function hasRootExport(etab: string): boolean {
  return etab.split('\n').some((line) => /[(,]fsid=(?:0|root)[,)]/.test(line))
}

/** What the server calls a directory of this host. */
function pathThere({ directory: here, path: there }: OtherNfs, directory: string): string {
  return here === undefined || there === undefined ? directory : there + directory.slice(resolve(here).length)
}
