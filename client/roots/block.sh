# shellcheck shell=dash
# A root on a disk of this machine, as any initramfs mounts it: block:/dev/vda1, block:UUID=…, block:PARTLABEL=…
# The drivers part must have the disk's driver and the file system: netroot initramfs build --modules virtio_blk,ext4.

# Where rootfstype= names none. A type without a module fails at once.
BLOCK_TYPES='ext4 xfs btrfs f2fs erofs squashfs vfat'

# Waits for the device: as long as rootwait or rootdelay= say, else 30 s.
block_needs() {
  local wanted=${1#block:} tick=0
  until BLOCK_DEVICE=$(block_device "$wanted") && [ -n "$BLOCK_DEVICE" ]; do
    while load_new_drivers; do :; done
    [ "$tick" -lt "$(block_ticks)" ] || block_missing "$wanted" || return 1
    [ "$tick" != 5 ] || say "waiting for the disk $wanted"
    pause 0.2
    tick=$((tick + 1))
  done
}

# Fifths of a second.
block_ticks() {
  case $ROOT_WAIT in
    ever) echo 999999999 ;;
    '' | *[!0-9]*) echo 150 ;;
    *) echo $((ROOT_WAIT * 5)) ;;
  esac
}

block_missing() {
  trouble server-gone "The disk that the root is on is not there." \
    "No $1; this machine has: $(block_devices)." \
    "See root= on the kernel command line, and that the drivers part has the disk's driver (initramfs build --modules)."
}

# block_device WORD: prints the device that it names, or nothing.
block_device() {
  case $1 in
    UUID=* | LABEL=*) run busybox findfs "$1" 2>/dev/null ;;
    PARTUUID=* | PARTLABEL=*) block_partition "$1" ;;
    /dev/disk/by-uuid/*) block_device "UUID=${1##*/}" ;;
    /dev/disk/by-label/*) block_device "LABEL=${1##*/}" ;;
    /dev/disk/by-partuuid/*) block_device "PARTUUID=${1##*/}" ;;
    /dev/disk/by-partlabel/*) block_device "PARTLABEL=${1##*/}" ;;
    *) [ ! -b "$ROOT$1" ] || echo "$1" ;;
  esac
}

# The kernel tells the name and the id of a partition in its uevent.
block_partition() {
  local directory wanted=$1
  case $wanted in
    PARTLABEL=*) wanted=PARTNAME=${wanted#*=} ;;
  esac
  for directory in "$ROOT"/sys/class/block/*; do
    if grep -qixF "$wanted" "$directory/uevent" 2>/dev/null; then
      echo "/dev/${directory##*/}"
      return
    fi
  done
}

block_devices() {
  local directory found=
  for directory in "$ROOT"/sys/class/block/*; do
    [ ! -e "$directory" ] || found="$found ${directory##*/}"
  done
  echo "${found:- none}"
}

# Read-only unless rw is asked for: the real system checks it and mounts it anew.
block_mount() {
  local type said=''
  for type in ${ROOT_TYPE:-$BLOCK_TYPES}; do
    said=$(run mount -t "$type" -o "${ROOT_MODE:-ro}${ROOT_FLAGS:+,$ROOT_FLAGS}" "$BLOCK_DEVICE" "$2" 2>&1) && return 0
    log "$BLOCK_DEVICE as $type: $said"
  done
  trouble root-refused "The disk that the root is on could not be mounted." \
    "$BLOCK_DEVICE as ${ROOT_TYPE:-$BLOCK_TYPES}: ${said##*: }." \
    "See that it has a file system, and that the drivers part has its module; or name it by rootfstype=."
}

block_describe() { echo "${1#block:}, a disk of this machine"; }
