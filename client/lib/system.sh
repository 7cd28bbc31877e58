# shellcheck shell=dash
# What stays with the running system: a busybox and a few scripts in /run/netroot, and units of systemd that start them.

install_into_running_system() {
  local file
  write_running_state
  run cp "$ROOT/bin/busybox" "$STATE/busybox"
  for file in "$ROOT"/netroot/system/*; do
    case $file in
      */netroot-lease.service) [ -z "$KEEP_LEASE" ] || install_unit "$file" ;; # a fixed address has no lease to keep
      *.service) install_unit "$file" ;;
      *) run cp "$file" "$STATE/${file##*/}" ;;
    esac
  done
  run cp -r "$ROOT/netroot/lib" "$STATE/lib"
  run chmod 755 "$STATE/busybox" "$STATE/alive" "$STATE/keep-lease" "$STATE/renewed" "$STATE/going-down"
}

# In /run, so nothing of it outlives the boot and nothing of the image is changed.
install_unit() {
  local units=$ROOT/run/systemd/system name=${1##*/}
  run mkdir -p "$units/sysinit.target.wants"
  run cp "$1" "$units/$name"
  run ln -sf "../$name" "$units/sysinit.target.wants/$name"
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
