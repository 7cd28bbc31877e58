#!/bin/sh
# Says which Debian packages are missing for "demo" or "test", and installs them when it is root.
# Status 77: something is missing and it is not root; the one command to type is printed.
set -eu

# COMMAND-OR-FILE:PACKAGE, a path when it begins with a slash.
demo='mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 /usr/share/OVMF/OVMF_CODE_4M.fd:ovmf ip:iproute2
setpriv:util-linux xz:xz-utils dpkg-deb:dpkg /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring
/usr/lib/ipxe/qemu/pxe-virtio.rom:ipxe-qemu'
test="$demo
ssh:openssh-client mkfs.ext4:e2fsprogs lsinitramfs:initramfs-tools-core bsdcpio:libarchive-tools lz4:lz4 lzop:lzop bzip2:bzip2 mandoc:mandoc
shellcheck:shellcheck shfmt:shfmt busybox:busybox dash:dash tcpdump:tcpdump cpio:cpio zstd:zstd depmod:kmod ps:procps git:git
/usr/bin/tftp:tftp-hpa atftp:atftp xinetd:xinetd openssl:openssl curl:curl nfs-ls:libnfs-utils dhclient:isc-dhcp-client dhcpcd:dhcpcd-base
ss:iproute2 setfattr:attr mkfs.btrfs:btrfs-progs setcap:libcap2-bin ping:iputils-ping file:file dnsmasq:dnsmasq-base
in.tftpd:tftpd-hpa kea-dhcp4:kea-dhcp4-server dhcpd:isc-dhcp-server dhcrelay:isc-dhcp-relay perfdhcp:kea-admin nft:nftables iptables:iptables nginx:nginx-light xorriso:xorriso mcopy:mtools
radvd:radvd ganesha.nfsd:nfs-ganesha-vfs rpcbind:rpcbind showmount:nfs-common qemu-system-aarch64:qemu-system-arm /usr/share/AAVMF/AAVMF_CODE.fd:qemu-efi-aarch64"

case ${1:-} in
  demo) wanted=$demo ;;
  test) wanted=$test ;;
  *)
    echo "usage: $0 demo|test" >&2
    exit 2
    ;;
esac

missing=
for pair in $wanted; do
  have=${pair%%:*}
  package=${pair#*:}
  case $have in
    /*) [ -e "$have" ] && continue ;;
    *) PATH=$PATH:/usr/sbin:/sbin command -v "$have" >/dev/null 2>&1 && continue ;;
  esac
  missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Missing system packages:$missing"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Install them, then call this again:"
  echo "  sudo apt-get install --no-install-recommends$missing"
  exit 77
fi
# The servers among them are for tests: none may start by itself and take the ports of this host.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
fi
# shellcheck disable=SC2086 # a list of words
if ! (apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing) >/tmp/netroot-apt.$$ 2>&1; then
  cat /tmp/netroot-apt.$$
  echo "The system packages could not be installed; what apt said stands above." >&2
  exit 1
else
  rm -f /tmp/netroot-apt.$$
  echo "Installed them."
fi
