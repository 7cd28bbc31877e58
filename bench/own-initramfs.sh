#!/bin/sh
# Gives the image an initramfs of Debian's own, for `npm run bench -- boot`: all network drivers, the root by NFS. Where
# the command line says bench.overlay, memory is laid over the root, in the way that its users do it.
# mmdebstrap runs it as a hook: $1 is the root.
set -eu
root=$1
etc=$root/etc/initramfs-tools

mkdir -p "$etc/conf.d" "$etc/scripts/init-bottom"
printf 'MODULES=netboot\nBOOT=nfs\n' >"$etc/conf.d/netboot.conf"
echo overlay >>"$etc/modules"
cat >"$etc/scripts/init-bottom/overlay" <<'SCRIPT'
#!/bin/sh
[ "$1" = prereqs ] && exit 0
grep -qw bench.overlay /proc/cmdline || exit 0
set -e
mkdir -p /run/overlay/below /run/overlay/memory
mount -n -o move "$rootmnt" /run/overlay/below
mount -t tmpfs tmpfs /run/overlay/memory
mkdir /run/overlay/memory/upper /run/overlay/memory/work
layers=lowerdir=/run/overlay/below,upperdir=/run/overlay/memory/upper,workdir=/run/overlay/memory/work
mount -t overlay -o "$layers" overlay "$rootmnt"
SCRIPT
chmod +x "$etc/scripts/init-bottom/overlay"
chroot "$root" update-initramfs -c -k all
