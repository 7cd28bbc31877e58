/** A reason for modules to be in the drivers part, as two lists of globs. */
export interface Feature {
  /** For the report. */
  readonly name: string
  /** Paths below `/lib/modules/VERSION`, without `.ko` and compression: `*` within a directory, `**` across them. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Debian architectures it is for; all where it is not given. */
  readonly architectures?: readonly string[]
  /** It is in parts fitted to known devices too: `always`, or where one of the devices is on one of these buses. */
  readonly fitted?: 'always' | readonly string[]
}

/** Architectures whose machines do not find PCI and their devices by firmware alone. */
const BOARDS = ['arm64', 'armhf', 'riscv64', 'loong64']

/** What goes into the generic drivers part. What these need comes along by modules.dep and modules.softdep. */
export const FEATURES: readonly Feature[] = [
  {
    name: 'network cards',
    include: ['kernel/drivers/net/**'],
    exclude: [
      // No Ethernet: other media, and modems.
      'kernel/drivers/net/{wireless,wan,wwan,can,hamradio,ppp,slip,plip,arcnet,ieee802154,hippi,fddi,appletalk,caif,ipa}/**',
      'kernel/drivers/net/{eql,mhi_net,rionet,sb1000}',
      'kernel/drivers/net/usb/{cdc-phonet,cdc_mbim,cx82310_eth,hso,huawei_cdc_ncm,ipheth,kalmia,lg-vl600,qmi_wwan,sierra_net}',
      // No cards: tunnels, and devices that exist only in software.
      'kernel/drivers/net/{amt,bareudp,dummy,geneve,gtp,ifb,macsec,macvlan,macvtap,netconsole,netkit,nlmon,pfcp,tap,tun}',
      'kernel/drivers/net/{veth,vrf,vsockmon}',
      'kernel/drivers/net/{ipvlan,netdevsim,ovpn,team,vxlan,wireguard,xen-netback}/**',
    ],
  },
  {
    name: 'USB, for network adapters',
    include: ['kernel/drivers/usb/host/**', 'kernel/drivers/usb/{cdns3,chipidea,dwc2,dwc3,isp1760,musb}/**'],
    exclude: ['kernel/drivers/usb/host/{sl811_cs,u132-hcd}', 'kernel/drivers/usb/*/{g_*,*_gadget,*-udc}'],
    fitted: ['usb'],
  },
  {
    name: 'PCI host bridges of boards',
    include: ['kernel/drivers/pci/controller/**'],
    exclude: [],
    architectures: BOARDS,
    fitted: ['pci'],
  },
  {
    name: 'PCI behind other buses',
    include: ['kernel/drivers/pci/{controller/**,xen-pcifront}', 'kernel/drivers/thunderbolt/thunderbolt'],
    exclude: [],
  },
  {
    name: 'virtio',
    include: ['kernel/drivers/virtio/{virtio_mmio,virtio_pci*}'],
    exclude: [],
    fitted: ['virtio'],
  },
  { name: 'Hyper-V', include: ['kernel/drivers/hv/hv_vmbus'], exclude: [], fitted: ['vmbus'] },
  {
    name: 'Xen',
    include: ['kernel/drivers/xen/{platform-pci,xen-pcifront}'],
    exclude: [],
    fitted: ['xen'],
  },
  {
    name: 'what boards without PCI need before their network card appears',
    include: [
      'kernel/drivers/{bus,clk,firmware,interconnect,mailbox,pinctrl,power/reset,reset,soc}/**',
      'kernel/drivers/{gpio,phy,pmdomain,regulator}/**',
      'kernel/drivers/nvmem/**', // the MAC address
      'kernel/drivers/i2c/busses/**',
      'kernel/drivers/mfd/{axp20x*,rk8xx*,bd9571mwv,max77*}',
    ],
    exclude: [],
    architectures: BOARDS,
    fitted: ['of', 'platform', 'acpi'],
  },
  {
    name: 'a keyboard for the shell that opens when a boot fails',
    include: [
      'kernel/drivers/hid/{hid,hid-generic,hid-hyperv,usbhid/usbhid}',
      'kernel/drivers/input/serio/hyperv-keyboard',
      'kernel/drivers/virtio/virtio_input',
    ],
    exclude: [],
  },
  {
    name: 'roots',
    include: [
      'kernel/net/packet/af_packet', // DHCP
      'kernel/net/ipv6/ipv6',
      'kernel/fs/nfs/{nfs,nfsv3,nfsv4}',
      'kernel/fs/{overlayfs/overlay,squashfs/squashfs,erofs/erofs}',
      'kernel/fs/ext4/ext4', // volumes
      'kernel/drivers/block/{loop,nbd}',
      'kernel/drivers/scsi/{iscsi_tcp,sd_mod}',
    ],
    exclude: [],
    fitted: 'always',
  },
  {
    name: 'links above cards',
    include: ['kernel/drivers/net/bonding/bonding', 'kernel/net/8021q/8021q', 'kernel/net/bridge/bridge'],
    exclude: [],
  },
]

/**
 * Modules, by path, whose firmware stays out although they are in: no network boot needs it, and it is larger than all
 * the rest. With `--all` these modules are there; switch chips are no cards.
 */
export const FIRMWARE_LEFT_OUT: readonly string[] = [
  'kernel/drivers/{accel,bluetooth,crypto,dsp,gpu,media,misc,net/wireless,remoteproc,soc}/**',
  'kernel/drivers/net/ethernet/{mellanox/mlxsw,marvell/prestera}/**',
  'kernel/sound/**',
]

/** What the client loads whatever the hardware, in this order, where it is not part of the kernel: `MODULES_FOR_ROOT`. */
export const MODULES_FOR_ROOT: readonly string[] = ['af_packet', 'overlay', 'nfs', 'nfsv3']

/** The links to busybox that `client/` and a person at its shell use; a busybox without one of them is refused. */
export const APPLETS: readonly string[] = `
  [ ash awk basename cat chmod chroot clear cmp cp cttyhack cut date dd df dirname dmesg du echo egrep env expr false
  fgrep find fold free grep gunzip gzip halt head hexdump hostname hwclock id ifconfig insmod ip kill less ln losetup
  ls lsmod md5sum mdev mkdir mkfifo mknod mktemp modinfo modprobe more mount mv nbd-client nc netstat nslookup od
  openvt pidof ping ping6 poweroff printf ps pwd readlink realpath reboot rm rmdir rmmod route sed seq setsid sh
  sha256sum sleep sort stat stty switch_root sync sysctl tail tar tee telnet test tftp time timeout top touch tr
  traceroute true tty udhcpc udhcpc6 umount uname uniq unxz uptime usleep vconfig vi watch wc wget which xargs xz
  xzcat yes zcat
`
  .trim()
  .split(/\s+/)
