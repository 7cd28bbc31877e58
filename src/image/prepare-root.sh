#!/bin/sh
# Makes an image of a freshly installed Debian: takes away what belongs to one machine or to the host that built it.
# mmdebstrap runs it as a hook: $1 is the root.
set -eu
root=$1

if [ -n "${NETROOT_ROOT_PASSWORD-}" ]; then
  printf 'root:%s\n' "$NETROOT_ROOT_PASSWORD" | chroot "$root" chpasswd
fi

# Empty, not missing: systemd then takes an id of its own at every boot, and does not think it is the first one.
: >"$root/etc/machine-id"
rm -f "$root/var/lib/dbus/machine-id" "$root/var/lib/systemd/random-seed" "$root/etc/hostname"
[ -L "$root/etc/resolv.conf" ] || : >"$root/etc/resolv.conf"
rm -f "$root/initrd.img" "$root/initrd.img.old"
echo '# The root file system is mounted by netroot before this file is read: it has no line here.' >"$root/etc/fstab"

# systemd makes the cache of libraries, users and the message catalogue anew where /usr is newer than these, and on a
# machine that forgets it would do so at every boot: the packages have just made them.
for place in etc var; do
  touch -r "$root/usr" "$root/$place/.updated"
done

# No two machines may share the keys they are recognised by. Debian 13 makes missing ones only at a "first boot",
# earlier ones not at all: a unit of that name makes them whenever they are missing, and takes the place of Debian's.
rm -f "$root"/etc/ssh/ssh_host_*_key "$root"/etc/ssh/ssh_host_*_key.pub
units=$root/etc/systemd/system
if [ -d "$root/etc/ssh" ]; then
  mkdir -p "$units/ssh.service.wants"
  cat >"$units/sshd-keygen.service" <<'UNIT'
[Unit]
Description=Make the SSH host keys that are missing
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/ssh-keygen -A
UNIT
  ln -sf ../sshd-keygen.service "$units/ssh.service.wants/sshd-keygen.service"
fi
