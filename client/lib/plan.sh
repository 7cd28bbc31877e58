# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# What the server said (the client part of the initramfs) and which kernel the drivers part is for.

# Assignments in single quotes, written by our own server: docs/architecture.md, "The parts of an initramfs".
read_plan() {
  NETROOT_BOOT='' NETROOT_SERVER='' NETROOT_NAME='' NETROOT_ROOTS='' NETROOT_WRITES=discard NETROOT_RELEASE=''
  NETROOT_KERNEL='' NETROOT_SSH='' NETROOT_SYSLOG=''
  # shellcheck source=/dev/null
  [ ! -r "$1" ] || . "$1"
}

# Sets KERNEL and MODULES_FOR_ROOT. A kernel with everything built in has no drivers part.
read_drivers_part() {
  KERNEL='' MODULES_FOR_ROOT=''
  # shellcheck source=/dev/null
  [ ! -r "$1" ] || . "$1"
}

running_kernel() { first_line "$ROOT/proc/sys/kernel/osrelease"; }

# Modules of another kernel do not load, and then no card is found: better said here than guessed from that.
kernel_matches_drivers() {
  local running
  running=$(running_kernel)
  [ -n "$KERNEL" ] && [ -n "$running" ] && [ "$KERNEL" != "$running" ] || return 0
  trouble wrong-release "The kernel and its drivers are not of one release." \
    "Kernel $running runs; the drivers are for $KERNEL." \
    "Have the loader fetch kernel and initramfs of the same release; look for an old kernel in a TFTP directory."
}
