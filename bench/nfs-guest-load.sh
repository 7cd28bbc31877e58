#!/bin/sh
# nfs-guest-load.sh LOAD DIRECTORY: does something in a directory of a server and prints how many seconds it took. Nothing
# of it is in memory before. DIRECTORY has what nfs-guest-tree.ts makes; `unpack` and `install` write into it.
set -eu
here=${0%/*}
load=$1
directory=$2

# What dpkg wants of a system: its database. The package has no scripts, so nothing of the system is run.
make_system() {
  rm -rf "$directory"/system
  mkdir -p "$directory"/system/var/lib/dpkg/info "$directory"/system/var/lib/dpkg/updates
  : >"$directory"/system/var/lib/dpkg/status
}

[ "$load" != install ] || make_system
rm -rf "$directory"/unpacked 2>/dev/null || true
sync
echo 3 >/proc/sys/vm/drop_caches
began=$(date +%s%N)
case $load in
  read) dd if="$directory/big" of=/dev/null bs=1M status=none ;;
  list) find "$directory/many" -type f -printf '%s\n' >/dev/null ;;
  files) cat "$directory"/small/* >/dev/null ;;
  write) dd if=/dev/zero of="$directory/written" bs=1M count=64 conv=fsync status=none ;;
  unpack) mkdir "$directory/unpacked" && dpkg-deb --fsys-tarfile "$here/package.deb" | tar -C "$directory/unpacked" -xf - && sync -f "$directory" ;;
  install) dpkg --root="$directory/system" --log=/dev/null --unpack "$here/package.deb" >/dev/null 2>&1 ;;
esac
echo "took $((($(date +%s%N) - began) / 1000))"
