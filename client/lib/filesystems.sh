# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The kernel's own file systems, and the new root: a read-only release below, memory above.

RELEASE_LAYER=$ROOT/layers/release
MEMORY_LAYER=$ROOT/layers/memory
NEW_ROOT=$ROOT/sysroot
STATE=$ROOT/run/netroot
LOG=$STATE/log

mount_kernel_filesystems() {
  run mkdir -p "$ROOT/proc" "$ROOT/sys" "$ROOT/dev" "$ROOT/run" "$ROOT/tmp" "$ROOT/etc"
  run mount -t proc -o nosuid,nodev,noexec proc "$ROOT/proc"
  run mount -t sysfs -o nosuid,nodev,noexec sysfs "$ROOT/sys"
  run mount -t devtmpfs -o mode=0755,nosuid devtmpfs "$ROOT/dev"
  # No noexec: the busybox that keeps the lease lives here, also when the real system runs.
  run mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs "$ROOT/run"
  mkdir -p "$STATE" "$STATE/reports"
}

# The size of the writable layer, as tmpfs takes it: bytes with k, m, g, or a percentage of the memory.
memory_layer_size() {
  case $OVERLAY_SIZE in
    '' | *[!0-9kKmMgG%]*) echo 50% ;;
    *) echo "$OVERLAY_SIZE" ;;
  esac
}

# What comes over the network has memory above it; a disk only where that is asked for.
lay_root() {
  if root_keeps_writes; then
    run mkdir -p "$NEW_ROOT"
    run mount --move "$RELEASE_LAYER" "$NEW_ROOT"
    return
  fi
  if [ "$OVERLAY" != yes ] && [ "${ROOT_URL%%:*}" = block ]; then
    run mkdir -p "$NEW_ROOT"
    run mount --move "$RELEASE_LAYER" "$NEW_ROOT"
    return
  fi
  [ "$OVERLAY" != no ] || unknown_word 'rd.overlay=0' 'a root that comes over the network always has memory above it'
  stack_memory_over_root
}

# Does the server keep what this machine writes? Only of the roots that it planned: one that the command line names is
# somebody else's.
root_keeps_writes() {
  local url
  [ "$NETROOT_WRITES" = keep ] || return 1
  for url in $NETROOT_ROOTS; do
    [ "${url%%\?*}" != "${ROOT_URL%%\?*}" ] || return 0 # the options may be other ones once it is mounted
  done
  return 1
}

stack_memory_over_root() {
  enough_memory || return 1
  run mkdir -p "$MEMORY_LAYER" "$NEW_ROOT"
  run mount -t tmpfs -o "mode=0755,size=$(memory_layer_size)" memory "$MEMORY_LAYER" || no_overlay || return 1
  run mkdir -p "$MEMORY_LAYER/upper" "$MEMORY_LAYER/work"
  run mount -t overlay -o "lowerdir=$RELEASE_LAYER,upperdir=$MEMORY_LAYER/upper,workdir=$MEMORY_LAYER/work" \
    netroot "$NEW_ROOT" || no_overlay
}

# Less than this and the real system would be killed piece by piece with nobody knowing why.
LEAST_MEMORY_KIB=49152

enough_memory() {
  local available
  available=$(memory_kib MemAvailable)
  [ "${available:-$LEAST_MEMORY_KIB}" -lt "$LEAST_MEMORY_KIB" ] || return 0
  trouble no-memory "The machine has too little memory for its root." \
    "$((available / 1024)) MiB of $(($(memory_kib MemTotal) / 1024)) MiB are free; it takes $((LEAST_MEMORY_KIB / 1024)) MiB." \
    "Give the machine more memory, or a smaller initramfs (drivers of this machine only)."
}

no_overlay() {
  run umount "$MEMORY_LAYER"
  trouble no-memory "Memory could not be laid over the root." \
    "$(kernel_messages | grep -E 'overlay|tmpfs' | tail -n 2) ($(memory_kib MemAvailable) KiB free)" \
    "See that the drivers part has the module overlay, and that memory is free."
  return 1
}

# memory_kib NAME: a line of /proc/meminfo, in KiB; nothing where there is none.
memory_kib() {
  local name value unit
  while read -r name value unit; do
    [ "$name" = "$1:" ] && echo "$value" && return
  done 2>/dev/null <"$ROOT/proc/meminfo"
}

# KiB that the files of the initramfs take, which switch_root gives back. It is a tmpfs that knows; where the command line
# has a root= the kernel makes it a ramfs, and the files are counted.
initramfs_kib() {
  local blocks free size
  # shellcheck disable=SC2046 # three numbers
  set -- $(run stat -f -c '%b %f %S' "$ROOT/" 2>/dev/null)
  blocks=${1:-0} free=${2:-0} size=${3:-0}
  if [ "$blocks" -gt 0 ]; then
    echo $(((blocks - free) * size / 1024))
  else
    run du -skx "$ROOT/" 2>/dev/null | cut -f 1
  fi
}
