/** A reason for modules to be in the drivers part, as two lists of globs. */
export interface Feature {
  /** For the report. */
  readonly name: string
  /** Paths below `/lib/modules/VERSION`, without `.ko` and compression: `*` within a directory, `**` across them. */
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  /** Debian architectures it is for; all where it is not given. */
  readonly architectures?: readonly string[]
}

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
    name: 'buses that network cards sit on',
    include: [
      'kernel/drivers/usb/host/**',
      'kernel/drivers/usb/{cdns3,chipidea,dwc2,dwc3,isp1760,musb}/**',
      'kernel/drivers/pci/controller/**',
      'kernel/drivers/virtio/{virtio_mmio,virtio_pci*}',
      'kernel/drivers/hv/hv_vmbus',
      'kernel/drivers/xen/{platform-pci,xen-pcifront}',
      'kernel/drivers/pci/xen-pcifront',
      'kernel/drivers/thunderbolt/thunderbolt',
    ],
    exclude: ['kernel/drivers/usb/host/{sl811_cs,u132-hcd}', 'kernel/drivers/usb/*/{g_*,*_gadget,*-udc}'],
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
    architectures: ['arm64', 'armhf', 'riscv64', 'loong64'],
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
      'kernel/drivers/block/{loop,nbd}',
    ],
    exclude: [],
  },
  {
    name: 'links above cards',
    include: ['kernel/net/8021q/8021q', 'kernel/net/bridge/bridge'],
    exclude: [],
  },
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
