# shellcheck shell=dash
# What stays with the running system: a busybox and a few scripts in /run/netroot, and units of systemd that start them.

install_into_running_system() {
  local file
  write_running_state
  set -- "$ROOT/bin/busybox" "$ROOT/netroot/lib"
  for file in "$ROOT"/netroot/system/*; do
    case $file in
      *.service) ;;
      *) set -- "$@" "$file" ;;
    esac
  done
  run cp -r "$@" "$STATE/" # with their modes
  install_units
}

# Under another init there are no units: a directory /run/systemd/system would make programs believe that systemd runs. A
# fixed address has no lease to keep.
wanted_unit() {
  has_systemd || return 1
  case $1 in
    */netroot-lease.service) [ -n "$KEEP_LEASE" ] ;;
  esac
}

has_systemd() {
  case $(path_in_root "$INIT_PATH") in
    */systemd) return 0 ;;
    *) return 1 ;;
  esac
}

# The best that can be done under any other init: the same scripts, started before it. They run in the new root and from
# /run, so they hold nothing of the initramfs. An init that mounts a /run of its own, or kills what it does not know on the
# way down, ends them; nothing but the renewal is lost.
start_without_systemd() {
  local script
  if has_systemd || root_is_local; then return; fi
  mount_devpts "$NEW_ROOT/dev" # not every init does, and without it nobody gets a terminal over SSH
  for script in ${KEEP_LEASE:+keep-lease} alive; do
    run chroot "$NEW_ROOT" /run/netroot/busybox start-stop-daemon -S -b -x "/run/netroot/$script"
  done
}

# In /run, so nothing of it outlives the boot and nothing of the image is changed.
install_units() {
  local file units=$ROOT/run/systemd/system links=''
  set --
  for file in "$ROOT"/netroot/system/*.service; do
    wanted_unit "$file" || continue
    set -- "$@" "$file"
    links="$links ../${file##*/}"
  done
  [ $# -gt 0 ] || return 0
  run mkdir -p "$units/sysinit.target.wants"
  run cp "$@" "$units/"
  # shellcheck disable=SC2086 # a list
  run ln -sf $links "$units/sysinit.target.wants/"
}

# Assignments that the scripts in /run/netroot read.
write_running_state() {
  write_lease "$STATE/lease"
  {
    echo "NETROOT_BOOT=$(quote "$NETROOT_BOOT")"
    echo "NETROOT_SERVER=$(quote "$NETROOT_SERVER")"
    echo "LEASE_MAC=$(quote "$LEASE_MAC")"
    echo "HOST_NAME=$(quote "$HOST_NAME")"
    echo "REPORT_NUMBER=$REPORT_NUMBER"
  } >"$STATE/state"
}
