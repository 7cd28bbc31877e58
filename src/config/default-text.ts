/** What the default file cannot know by itself. */
export interface DefaultConfigFacts {
  readonly interface: string
  /** `10.0.0.100-10.0.0.199`. */
  readonly range: string
  /** Name of the image that machines boot. */
  readonly image: string
}

/**
 * The netroot.yaml that `netroot up` writes where there is none. Every key stands in it: those that are needed as they
 * are, all others as comments with their defaults or an example.
 */
export function defaultConfigText({ interface: name, range, image }: DefaultConfigFacts): string {
  return `# What netroot serves. Check it with: netroot config check
# A line that begins with "#:" shows a key with its default, or with an example where there is no default.

# The network interface on which machines are served.
interface: ${name}

# The server's address that machines use. Without it: the first address of the interface.
#: address: 192.168.1.1

# Pool of addresses for machines that have no fixed one, and for how long they get them.
range: ${range}
#: lease: 12h

# Who gives addresses: server (netroot), proxy (another server, netroot says what to boot), auto (finds out), off.
#: dhcp: server

# What machines are told of the network. Nothing by default.
#: router: 192.168.1.1
#: dns: [192.168.1.1]
#: domain: lab.example
#: ntp: [192.168.1.1]

# IPv6: machines boot over it too, by DHCPv6. A router must announce the network.
#: ipv6: { prefix: "fd77::/64", range: "fd77::100-fd77::1ff" }

# More networks: on other interfaces, or behind DHCP relays.
#: networks: [{ relayed: 10.9.0.0/24, range: 10.9.0.100-10.9.0.199, router: 10.9.0.1 }]

# Ports. Firmware asks for boot loaders on port 69 only.
#: ports: { http: 80, nfs: 2049, tftp: 69, syslog: 514 }

# Who serves releases by NFS: embedded (netroot itself), kernel (nfsd) or ganesha; for those they are unpacked.
#: nfs: embedded

# Tells the rpcbind of this host of NFS and MOUNT, for other clients that ask it for ports.
#: rpcbind: true

# All of HTTP over HTTPS too, with a certificate that is made: machines are to trust tls/ca.crt of the state directory.
#: https: { port: 443, names: [boot.example.org] }

# Machines that fetch kernel and initramfs at the same time; others see their place in the queue on their screen.
#: atOnce: 100

# Where images, leases and boots are kept. Without it: $NETROOT_STATE, /var/lib/netroot for root.
#: store: /var/lib/netroot

# What the initramfs parts in it may take.
#: cache: 4GiB

# Who may log in to an initramfs: public keys, or a file of them.
#: ssh: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVtcHR5IGV4YW1wbGUga2V5IGZvciBuZXRyb290IQ admin]

# Boot loaders of your own instead of Debian's, by the name that "netroot loader list" shows.
#: loaders: { snponly.efi: /srv/own/ipxe.efi }

# What machines boot. A profile may inherit from another: then it says only what differs; command lines add up.
profiles:
  ${image}:
    # a name that "netroot image list" shows
    image: ${image}
    # one release of it, one of its kernels; without them the newest
    #: release: 3f9ad2
    #: kernel: 6.12.57+deb13-amd64
    # how the root file system comes, and where writes go: discard (memory), keep (on the server, for each machine its own)
    #: root: nfs
    #: writes: discard
    # netroot's initramfs, or the image's own
    #: initramfs: netroot
    # its drivers: those of the machine's own cards where they are known (auto), generic, or all; further modules
    #: drivers: auto
    #: modules: [md_mod]
    # a login over SSH into the initramfs, for the keys of ssh: above
    #: ssh: false
    # a menu on the screen, its first entry the default; local is the machine's own disk, and so is boot: local
    #: menu: { timeout: 10s, entries: [${image}, debug, local] }
    #: boot: network
    # the boot loader; without it iPXE, and GRUB where there is no iPXE
    #: loader: grub
    #: cmdline: console=tty0 quiet
    # host name of machines nobody named
    #: hostname: pc-{mac}
  #: debug:
  #:   inherit: ${image}
  #:   cmdline: debug

# The profile of machines nobody named, and of clients that name none. "unknown: ignore" gives machines nobody named
# no answer at all,
# "unknown: local" sends them on to their own disk.
default: ${image}
#: unknown: boot

# Profiles of machines nobody named, by what they say of themselves: arch (DHCP option 93), uuid, vendorClass, userClass.
#: classes: { arm: { arch: [11, 19], profile: ${image} } }

# Machines with a name. Each may also say what a profile says (image, root, cmdline …); then that wins.
#: clients:
#:   pc7:
#:     mac: 52:54:00:12:34:56
#:     address: 192.168.1.7
#:     address6: "fd77::7"
#:     profile: ${image}
#:     hostname: pc7
`
}
