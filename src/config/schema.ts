import { z } from 'zod'
import { nfsKey } from './nfs.ts'
import {
  addressRange,
  commandLine,
  domainName,
  duration,
  hostName,
  hostNamePattern,
  interfaceName,
  ipv4Address,
  ipv4Network,
  ipv6Address,
  ipv6Network,
  ipv6Range,
  macAddress,
  moduleName,
  name,
  path,
  port,
  publicKey,
  size,
} from './values.ts'

/*
 * The one schema of netroot.yaml: its types, its checks, its defaults and its documentation. What one key may hold
 * stands in values.ts; what keys owe each other stands in references.ts.
 */

const ROOT = 'want nfs, or a list of what is tried in order'
const rootTransport = z.enum(['nfs'], { error: ROOT })

const MENU_ENTRIES = 'want a list of profiles such as [debian, rescue, local]'

const ADDRESSES = 'want a list of addresses such as [192.168.1.1]'
const ADDRESSES6 = 'want a list of addresses such as [fd77::1]'

/** What a profile says of a boot. A client may say each of these too, and then it wins. */
const bootKeys = {
  image: name.optional().describe('The image to boot, a name that `netroot image list` shows'),
  release: z
    .string({ error: 'want the digest of a release, or its first 6 digits or more' })
    .regex(/^[0-9a-f]{6,64}$/, { error: 'want the digest of a release, or its first 6 digits or more' })
    .optional()
    .describe('One release of the image, by its digest; without it the newest'),
  kernel: matchingVersion().describe('One of the kernels of the release, by its version; without it the newest'),
  root: z
    .union([rootTransport.transform((one) => [one]), z.array(rootTransport).min(1)], { error: ROOT })
    .optional()
    .describe('How the root file system comes; a list is tried in order. Default: nfs'),
  writes: z
    .enum(['discard', 'keep'], { error: 'want discard or keep' })
    .optional()
    .describe(
      "Where writes go: discard keeps them in memory until the machine is off, keep in the machine's own directory on the server, which costs what it changes. Default: discard",
    ),
  initramfs: z
    .enum(['netroot', 'image'], { error: 'want netroot or image' })
    .optional()
    .describe(
      "Which initramfs is sent: netroot's, or the image's own, /boot/initrd.img-VERSION made by initramfs-tools, which mounts the root read-only by NFS itself. Default: netroot",
    ),
  menu: z
    .strictObject(
      {
        timeout: duration.prefault('10s'),
        entries: z.array(name, { error: MENU_ENTRIES }).min(1, { error: MENU_ENTRIES }),
        shownBy: z.enum(['loader', 'firmware'], { error: 'want loader or firmware' }).default('loader'),
      },
      { error: 'want timeout: and entries: such as { timeout: 10s, entries: [debian, rescue, local] }' },
    )
    .optional()
    .describe(
      "A menu on the machine's screen: `timeout`, default 10s, and `entries`, names of profiles, or `local` for the machine's own disk. The first is booted when nobody chooses. `shownBy: firmware` has PXE firmware show it before any loader is fetched; default loader",
    ),
  boot: z
    .enum(['network', 'local'], { error: 'want network or local' })
    .optional()
    .describe('Where machines start from: the network, or local, their own disk. Default: network'),
  loader: z
    .enum(['ipxe', 'pxelinux', 'grub'], { error: 'want ipxe, pxelinux or grub' })
    .optional()
    .describe(
      'Which boot loader machines get: iPXE, PXELINUX (BIOS only), or shim and GRUB, which Secure Boot lets through. Without it iPXE, and GRUB where there is no iPXE',
    ),
  drivers: z
    .enum(['auto', 'generic', 'all'], { error: 'want auto, generic or all' })
    .optional()
    .describe(
      "Which drivers netroot's initramfs carries: auto those of the machine's own cards where its loader tells them, generic all network drivers, all every driver of the kernel. Default: auto",
    ),
  modules: z
    .array(moduleName, { error: 'want a list of kernel modules such as [md_mod, raid1]' })
    .optional()
    .describe('Further kernel modules for the initramfs, each with what it needs'),
  ssh: z
    .boolean({ error: 'want true or false' })
    .optional()
    .describe(
      'Whether the initramfs lets the keys of `ssh` log in over SSH; `netroot.ssh` on the command line does the same. Default: false',
    ),
  cmdline: commandLine
    .optional()
    .describe('Words added to the kernel command line, after those of the profile inherited from'),
}

/** The keys of one profile. */
export const profileShape = {
  inherit: name.optional().describe('Another profile, whose keys count where this one says nothing'),
  ...bootKeys,
  hostname: hostNamePattern
    .optional()
    .describe('Host name of machines nobody named; {mac} stands for the digits of the MAC address. Default: pc-{mac}'),
}

/** The keys of one client. */
export const clientShape = {
  mac: macAddress.describe('MAC address of the card that the machine boots from'),
  address: ipv4Address.optional().describe('Address that this machine always gets; it may lie inside the range'),
  address6: ipv6Address.optional().describe('The same for IPv6, where `ipv6` serves its network'),
  profile: name.optional().describe('Profile; without it the default profile'),
  hostname: hostName.optional().describe('Host name; without it the name of the client'),
  ...bootKeys,
}

const ARCHITECTURES = 'want numbers of DHCP option 93 such as 7 or [7, 9]'
const architecture = z
  .int({ error: ARCHITECTURES })
  .min(0, { error: ARCHITECTURES })
  .max(65_535, { error: ARCHITECTURES })

/** The keys of one class. */
export const classShape = {
  arch: z
    .union([architecture.transform((one) => [one]), z.array(architecture).min(1)], { error: ARCHITECTURES })
    .optional()
    .describe(
      'What the firmware says it is, DHCP option 93, a number or a list: 0 BIOS, 7 and 9 UEFI x86-64, 11 UEFI arm64',
    ),
  uuid: z
    .string({ error: 'want a UUID as dmidecode prints it' })
    .regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, { error: 'want a UUID as dmidecode prints it' })
    .optional()
    .describe('The UUID of one machine, DHCP option 97, as dmidecode prints it'),
  vendorClass: z.string().min(1).optional().describe('Vendor class, DHCP option 60; * stands for anything'),
  userClass: z.string().min(1).optional().describe('User class, DHCP option 77; * stands for anything'),
  profile: name.describe('Profile of these machines'),
}

/** The keys of `ipv6`. */
export const ipv6Shape = {
  prefix: ipv6Network.describe('The network, such as fd77::/64; the interface has an address of it'),
  range: ipv6Range
    .optional()
    .describe('Pool of addresses, such as fd77::100-fd77::1ff; without it machines make their own (SLAAC)'),
  address: ipv6Address.optional().describe("The server's address there, where the interface has several"),
  dns: z.array(ipv6Address, { error: ADDRESSES6 }).default([]).describe('Name servers told to machines'),
  ntp: z.array(ipv6Address, { error: ADDRESSES6 }).default([]).describe('Time servers told to machines'),
}

const ipv6 = z
  .strictObject(ipv6Shape, { error: 'want the keys of an IPv6 network such as prefix: and range:' })
  .optional()

/** The keys of one of `networks`. */
export const networkShape = {
  interface: interfaceName.optional().describe('Another interface on which machines are served'),
  relayed: ipv4Network.optional().describe('Instead of an interface: a network behind DHCP relays such as 10.9.0.0/24'),
  address: ipv4Address.optional().describe("The server's address there, where the interface has several"),
  range: addressRange.describe('Pool of addresses of this network'),
  lease: duration.optional().describe('As above, for this network; without it what is said above'),
  router: ipv4Address.optional().describe('Router of this network; without it none'),
  dns: z.array(ipv4Address, { error: ADDRESSES }).optional().describe('Name servers; without it those above'),
  domain: domainName.optional().describe('Domain; without it the one above'),
  ntp: z.array(ipv4Address, { error: ADDRESSES }).optional().describe('Time servers; without it those above'),
  ipv6: ipv6.describe('The same network over IPv6; see below'),
}

/** The keys of `ports`. */
export const portsShape = {
  http: port.default(80).describe('HTTP: scripts, kernels, initramfs parts, reports'),
  nfs: port.default(2049).describe('NFS and MOUNT, over TCP'),
  tftp: port.default(69).describe('TFTP: boot loaders. Firmware asks on 69 only'),
  syslog: port
    .default(514)
    .describe(
      'Syslog over UDP: what a machine says that cannot send its log by HTTP. Where it is taken, it is left out',
    ),
}

/** The keys of `https`. */
export const httpsShape = {
  port: port.default(443).describe('Port of HTTPS'),
  names: z
    .array(domainName, { error: 'want a list of names such as [boot.example.org]' })
    .default([])
    .describe(
      'Names of the server in URLs, beside its addresses: for the certificate that is made where none is given',
    ),
  certificate: path.optional().describe('File with a certificate and what signed it, in PEM; without it one is made'),
  key: path.optional().describe('File with the key of that certificate, in PEM'),
}

const profile = z.strictObject(profileShape, { error: 'want the keys of a profile such as image:' })
const network = z
  .strictObject(networkShape, { error: 'want the keys of a network such as interface: and range:' })
  .refine((one) => (one.interface === undefined) !== (one.relayed === undefined), {
    error: 'want either interface: or relayed:, and not both',
  })
const machineClass = z
  .strictObject(classShape, { error: 'want the keys of a class such as arch: and profile:' })
  .refine((one) => [one.arch, one.uuid, one.vendorClass, one.userClass].some((said) => said !== undefined), {
    error: 'want one of arch:, uuid:, vendorClass: and userClass:, or all machines are of this class',
  })
const client = z.strictObject(clientShape, { error: 'want the keys of a client such as mac:' })

/** The keys of the file. */
export const configShape = {
  interface: interfaceName.describe('Network interface on which machines are served'),
  address: ipv4Address
    .optional()
    .describe("The server's address that machines use; without it the first address of the interface"),
  range: addressRange.describe('Pool of addresses for machines that have no fixed one'),
  lease: duration.prefault('12h').describe('How long a machine may use its address before it must ask again'),
  dhcp: z
    .enum(['server', 'proxy', 'auto', 'off'], { error: 'want server, proxy, auto or off' })
    .default('server')
    .describe(
      "Who gives addresses: server netroot, proxy another server of the network while netroot says what to boot, auto the other one for as long as one answers, off leaves all of DHCP to a server that was given netroot's settings",
    ),
  router: ipv4Address.optional().describe('Router told to machines; without it none'),
  dns: z.array(ipv4Address, { error: ADDRESSES }).default([]).describe('Name servers told to machines'),
  domain: domainName.optional().describe('Domain told to machines'),
  ntp: z.array(ipv4Address, { error: ADDRESSES }).default([]).describe('Time servers told to machines'),
  ipv6: ipv6.describe(
    'Machines boot over IPv6 too, by DHCPv6; a router must announce the network. Without it they do not',
  ),
  networks: z
    .array(network, { error: 'want a list of networks, each with interface: or relayed:, and range:' })
    .default([])
    .describe('More networks than the one above: on other interfaces, or behind relays'),
  ports: z
    .strictObject(portsShape, { error: 'want http, nfs, tftp and syslog, each with a port' })
    .prefault({})
    .describe('Ports of the services'),
  rpcbind: z
    .boolean({ error: 'want true or false' })
    .default(false)
    .describe(
      'Whether the rpcbind of this host is told of NFS and MOUNT, for clients that ask it for ports. Machines of netroot do not',
    ),
  nfs: nfsKey,
  https: z
    .strictObject(httpsShape, { error: 'want the keys of HTTPS such as port: and names:, or {} for the usual ones' })
    .refine((one) => (one.certificate === undefined) === (one.key === undefined), {
      error: 'want certificate: and key: together, or none of them',
    })
    .optional()
    .describe(
      'Serve all that HTTP serves over HTTPS too, for firmware and tools that are given such a URL. Without it HTTP alone',
    ),
  atOnce: z
    .int({ error: 'want a number of machines such as 100' })
    .min(1, { error: 'want 1 or more' })
    .max(100_000, { error: 'want 100000 or less' })
    .default(100)
    .describe('Machines that fetch kernel and initramfs at the same time; others see their place in the queue'),
  store: path
    .optional()
    .describe(
      'Directory of images, leases and boots; without it $NETROOT_STATE, /var/lib/netroot for root, ~/.local/state/netroot',
    ),
  cache: size
    .prefault('4GiB')
    .describe('What the initramfs parts in the store may take; those not used for longest are removed first'),
  ssh: z
    .union([path.transform((file) => ({ file })), z.array(publicKey).transform((keys) => ({ keys }))], {
      error: 'want a file of public keys, or a list of them such as [ssh-ed25519 AAAA… name]',
    })
    .optional()
    .describe('Public keys that may log in to an initramfs, as a list or as a file; see `ssh` of a profile'),
  loaders: z
    .record(z.string(), path, { error: 'want files, each NAME: FILE such as snponly.efi: /srv/own/ipxe.efi' })
    .default({})
    .describe("Files to serve instead of Debian's boot loaders, by the name that `netroot loader list` shows"),
  profiles: z
    .record(name, profile, { error: 'want one profile or more, each NAME: { image: … }' })
    .describe('What machines boot, by name'),
  default: name
    .optional()
    .describe('Profile of machines nobody named and of clients that name none; not needed where there is only one'),
  unknown: z
    .enum(['boot', 'local', 'ignore'], { error: 'want boot, local or ignore' })
    .default('boot')
    .describe('What machines nobody named get: boot the default profile, local their own disk, or ignore them'),
  classes: z
    .record(name, machineClass, { error: 'want classes, each NAME: { arch: 11, profile: … }' })
    .default({})
    .describe('Profiles of machines nobody named, by what they say of themselves. The first class that fits counts'),
  clients: z
    .record(hostName, client, { error: 'want clients, each NAME: { mac: … }' })
    .default({})
    .describe('Machines with a name'),
}

export const configSchema = z.strictObject(configShape, { error: 'want keys such as interface: and profiles:' })

/** netroot.yaml with its defaults: what the server is to do. Times are in seconds. */
export type Config = z.output<typeof configSchema>
export type Profile = z.output<typeof profile>
export type Client = z.output<typeof client>
/** What `ipv6` says of a network. */
export type ConfiguredIpv6 = NonNullable<Config['ipv6']>
/** One of `networks`. */
export type ConfiguredNetwork = z.output<typeof network>
export type RootTransport = z.output<typeof rootTransport>

function matchingVersion() {
  const want = 'want a kernel version such as 6.12.57+deb13-amd64, as text'
  return z
    .string({ error: want })
    .regex(/^[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}$/, { error: want })
    .optional()
}
