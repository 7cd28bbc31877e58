#!/bin/sh
# Gives the image an initramfs of Debian's own, for `npm run bench -- boot`: all network drivers, the root by NFS.
# mmdebstrap runs it as a hook: $1 is the root.
set -eu
root=$1

mkdir -p "$root/etc/initramfs-tools/conf.d"
printf 'MODULES=netboot\nBOOT=nfs\n' >"$root/etc/initramfs-tools/conf.d/netboot.conf"
chroot "$root" update-initramfs -c -k all
