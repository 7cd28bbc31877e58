import type { Mac } from '../net/mac.ts'
import { type NfsRoot, nfsRootUrl, nfsRootWord } from './nfs-root.ts'
import { httpBase, type ServerAddresses } from './server-addresses.ts'
import { type StaticAddress, staticIpWord } from './static-address.ts'

/** What a profile says of a boot, with inheritance resolved. */
export interface PlannedProfile {
  /** Transports, tried in order. */
  readonly root: readonly 'nfs'[]
  readonly writes: 'discard' | 'keep'
  /** Words added to the kernel command line. */
  readonly commandLine: readonly string[]
}

/** File names of the cached parts of our initramfs. */
export interface PlannedParts {
  /** Only where the release has some for its processors. */
  readonly microcode?: string
  readonly tools: string
  readonly drivers: string
  /** Only where somebody may log in. */
  readonly ssh?: string
}

/** A file that a loader fetches over HTTP. */
export interface PlannedFile {
  /** Name under which the loader knows it. */
  readonly name: string
  /** Path on this server, beginning with a slash. */
  readonly path: string
}

/** What a boot plan is made from. */
export interface PlanRequest {
  readonly bootId: string
  readonly mac: Mac
  /** May be empty: then the machine takes the name that DHCP gives. */
  readonly hostName: string
  readonly profile: PlannedProfile
  /** SHA-256 of the release, in hex. */
  readonly release: string
  readonly kernelVersion: string
  /** With `writes: keep`: the export of the release with what this machine has changed, `/keep/…`. */
  readonly keepPath?: string
  /** Where another NFS server than netroot's own has the release, tried in order. */
  readonly nfsRoots?: readonly NfsRoot[]
  /** `image`: the release's own initramfs instead of our parts. */
  readonly initramfs: PlannedParts | 'image'
  readonly server: ServerAddresses
  /** Does the initramfs let people log in? */
  readonly ssh: boolean
  /** Where the machine asks nobody for an address. */
  readonly address?: StaticAddress
  /** Now, seconds since 1970: a machine whose clock stands still needs it before it looks at a certificate. */
  readonly time: number
}

/** All that one machine needs to boot. */
export interface BootPlan {
  readonly kernel: PlannedFile
  /** In the order in which the kernel concatenates them. */
  readonly initramfs: readonly PlannedFile[]
  readonly commandLine: string
  /** The assignments of `/netroot/plan`, docs/architecture.md "The parts of an initramfs". */
  readonly variables: Readonly<Record<string, string>>
}

/** Decides what one machine boots. Pure: the same request gives the same plan. */
export function planBoot(request: PlanRequest): BootPlan {
  const { release, kernelVersion } = request
  return {
    kernel: { name: 'vmlinuz', path: `/release/${release}/kernel/${kernelVersion}` },
    initramfs: initramfsOf(request),
    commandLine: commandLineOf(request),
    variables: variablesOf(request),
  }
}

function initramfsOf({ bootId, release, kernelVersion, initramfs }: PlanRequest): PlannedFile[] {
  if (initramfs === 'image') return [{ name: 'initrd.img', path: `/release/${release}/initramfs/${kernelVersion}` }]
  const { microcode } = initramfs
  return [
    // the kernel looks for it in the first archive alone, long before it unpacks any
    ...(microcode === undefined ? [] : [{ name: 'microcode.cpio', path: `/initramfs/microcode/${microcode}` }]),
    { name: 'tools.cpio', path: `/initramfs/tools/${initramfs.tools}` },
    { name: 'drivers.cpio', path: `/initramfs/drivers/${initramfs.drivers}` },
    ...(initramfs.ssh === undefined ? [] : [{ name: 'ssh.cpio', path: `/initramfs/ssh/${initramfs.ssh}` }]),
    { name: 'client.cpio', path: `/boot/${bootId}/${release}/${kernelVersion}/client.cpio` },
  ]
}

/**
 * The boot's id and the server stand on the command line too, so that a machine whose plan did not arrive can say so;
 * what the profile adds comes last, because the kernel takes the last of two equal words.
 */
function commandLineOf(request: PlanRequest): string {
  const { bootId, mac, profile, server } = request
  const words = [
    `BOOTIF=01-${mac.replaceAll(':', '-')}`,
    `netroot.boot=${bootId}`,
    `netroot.server=${httpBase(server)}`,
    ...(request.initramfs === 'image' ? rootWords(request) : []),
    ...addressWord(request),
    ...profile.commandLine,
  ]
  return words.join(' ')
}

/** `ip=`, where the initramfs gets its address otherwise than by DHCPv4, and the profile says nothing of it. */
function addressWord({ address, server, profile }: PlanRequest): string[] {
  if (address !== undefined) return [staticIpWord(address)]
  const isSaid = profile.commandLine.some((word) => word.startsWith('ip='))
  return server.ipWord === undefined || isSaid ? [] : [`ip=${server.ipWord}`]
}

const ONLY_IPV4 =
  "the image's own initramfs mounts its root over IPv4 only: boot the machine over IPv4, or say initramfs: netroot"

const ONLY_VERSION_3 =
  "the image's own initramfs mounts its root by NFSv3, which nfs: of netroot.yaml offers on port 2049 only: say initramfs: netroot"

/**
 * What initramfs-tools understands, initramfs-tools(7). It hands the options to klibc's nfsmount, which knows `port=`
 * but no `mountport=`, and refuses words that it does not know; v3, tcp and nolock are its defaults. BOOTIF names the
 * card.
 */
function rootWords(request: PlanRequest): string[] {
  const { server, address } = request
  const root = nfsRootsOf(request).findLast(({ versions }) => versions.endsWith('3'))
  if (server.address.includes(':')) throw new Error(ONLY_IPV4)
  if (root === undefined) throw new Error(ONLY_VERSION_3)
  return [
    'boot=nfs',
    'root=/dev/nfs',
    `nfsroot=${nfsRootWord(root)}`,
    ...(address === undefined ? ['ip=dhcp'] : []),
    'ro',
  ]
}

function variablesOf(request: PlanRequest): Record<string, string> {
  const { bootId, hostName, profile, release, kernelVersion, server, ssh, time } = request
  return {
    NETROOT_BOOT: bootId,
    NETROOT_SERVER: httpBase(server),
    NETROOT_NAME: hostName,
    NETROOT_ROOTS: profile.root.map((transport) => ROOT_URLS[transport](request)).join(' '),
    NETROOT_WRITES: profile.writes,
    NETROOT_RELEASE: release,
    NETROOT_KERNEL: kernelVersion,
    NETROOT_TIME: String(time),
    ...(ssh ? { NETROOT_SSH: '1' } : {}),
    ...(server.syslogPort === undefined ? {} : { NETROOT_SYSLOG: `${server.address}:${server.syslogPort}` }),
  }
}

/** The versions of NFS that a machine tries, in this order; our own server has all of them, one that is named may not. */
const NFS_VERSIONS = '4.2/4.1/4.0/3'

const ROOT_URLS = {
  nfs: (request: PlanRequest) => nfsRootsOf(request).map(nfsRootUrl).join(' '),
} as const

function nfsRootsOf({ release, server, keepPath, nfsRoots }: PlanRequest): readonly NfsRoot[] {
  const { address, nfsPort: port } = server
  if (keepPath !== undefined) return [{ address, port, path: keepPath, versions: '4.2' }] // locks without lockd
  return nfsRoots ?? [{ address, port, path: `/release/${release}`, versions: NFS_VERSIONS }]
}
