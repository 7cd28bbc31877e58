# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# From the words of a command line, or of a lease, to the URL of a root.

# Is the root a disk of this machine? Then no network is needed. A server that the plan names roots of was never meant.
root_is_local() {
  case $BOOT_WORD in
    nfs) return 1 ;;
  esac
  [ -z "$NETROOT_WORD" ] && is_block_word "$ROOT_WORD"
}

needs_network() { [ -n "$NEED_NETWORK" ] || ! root_is_local; }

is_block_word() {
  case $1 in
    /dev/nfs | /dev/nfs4 | /dev/root | /dev/nbd*) return 1 ;;
    /dev/* | UUID=* | LABEL=* | PARTUUID=* | PARTLABEL=*) return 0 ;;
    *) return 1 ;;
  esac
}

# Sets ROOTS, the URLs to try: the command line's, the plan's, or what DHCP gave (option 17), in that order.
choose_roots() {
  URL=
  url_of_command_line
  ROOTS=$URL
  [ -n "$ROOTS" ] || roots_of_plan
  [ -n "$ROOTS" ] || url_of_word "$LEASE_ROOT_PATH"
  ROOTS=${ROOTS:-$URL}
  [ -n "$ROOTS" ] || default_of_kernel
  [ -z "$ROOTS" ] || return 0
  trouble no-plan "Nobody told this machine where its root is." \
    "No plan came with the initramfs, no root= on the kernel command line${ROOT_WORD:+ that names one ($ROOT_WORD)}, no root path (option 17) in the lease." \
    "Boot it through netroot, or add root=nfs:SERVER:/PATH to the kernel command line."
}

# rootflags= counts for the plan's roots as well: with it a profile's command line says how they are mounted.
roots_of_plan() {
  local url
  for url in $NETROOT_ROOTS; do
    URL=$url
    add_root_flags
    ROOTS=${ROOTS:+$ROOTS }$URL
  done
  URL='' NETROOT_ROOTS=$ROOTS # they are the plan's still, which may be mounted to be written
}

# boot= comes before what root= implies, netroot= before root=, which then names a device that is no more than a name.
url_of_command_line() {
  case $BOOT_WORD/$NETROOT_WORD in
    nfs/*) url_of_nfs_words ;;
    /dhcp* | local/dhcp*) url_of_word "$LEASE_ROOT_PATH" ;;
    */?*) url_of_word "$NETROOT_WORD" ;;
    *) url_of_root_word ;;
  esac
  [ -z "$URL" ] || add_root_flags
}

url_of_root_word() {
  case $ROOT_WORD in
    '' | /dev/nfs | /dev/nfs4 | /dev/root) url_of_nfs_words ;;
    dhcp | dhcp6) url_of_word "$LEASE_ROOT_PATH" ;;
    *)
      url_of_word "$ROOT_WORD"
      [ -z "$NFSROOT" ] || [ -z "$URL" ] || unknown_word "nfsroot=$NFSROOT" "root= names another root, and root= counts"
      ;;
  esac
}

# nfsroot= where there is one; else a root= that can be a path on a server.
url_of_nfs_words() {
  case $NFSROOT,$ROOT_WORD in
    ?*,*) nfs_url "$NFSROOT" ;;
    , | ,/dev/nfs | ,/dev/nfs4 | ,/dev/root) ;;
    *) is_block_word "$ROOT_WORD" || url_of_word "$ROOT_WORD" ;;
  esac
}

# url_of_word WORD: sets URL from what root=, netroot= or option 17 say. SERVER:/PATH and /PATH alone are NFS; a transport
# that has words of its own gives TYPE_url_of_word. What is of no known type stays as it is, and is refused by its name.
url_of_word() {
  local type=${1%%:*}
  case $1 in
    '') return ;;
    nfs:* | nfs4:*) nfs_url "$1" ;;
    *://*) URL=$1 ;;
    *)
      if is_block_word "$1"; then
        URL=block:$1
      elif command -v "${type}_url_of_word" >/dev/null; then
        "${type}_url_of_word" "$1"
      else
        url_of_path "$1"
      fi
      ;;
  esac
}

url_of_path() {
  case $1 in
    /dev/*) ;;
    /* | *:/*) nfs_url "$1" ;;
    *:*) if [ "${ROOT_TYPE#nfs}" != "$ROOT_TYPE" ]; then nfs_url "$1"; else URL=$1; fi ;;
    *) unknown_word "root=$1" "it names no root that this initramfs can mount" ;;
  esac
}

# rootflags= and rootfstype=nfs4 are options like any other.
add_root_flags() {
  local flags=$ROOT_FLAGS
  case $URL in
    nfs://*) ;;
    *) return ;;
  esac
  case $ROOT_TYPE,$URL in
    nfs4,*vers=* | nfs4,*[?\&]v[34]*) ;;
    nfs4,*) flags=vers=4.2${flags:+,$flags} ;;
  esac
  [ -n "$flags" ] || return 0
  add_options_to_url "$flags"
}

# Options of mount, with commas, become those of the URL.
add_options_to_url() {
  local option rest=$1, mark='?'
  case $URL in
    *\?*) mark='&' ;;
  esac
  while [ -n "$rest" ]; do
    option=${rest%%,*}
    rest=${rest#*,}
    [ -n "$option" ] || continue
    URL=$URL$mark$option
    mark='&'
  done
}

# The kernel's own default for root=/dev/nfs [nfsroot.rst]: a directory named after the machine's address.
default_of_kernel() {
  case $BOOT_WORD,$ROOT_WORD in
    nfs,* | *,/dev/nfs | *,/dev/nfs4) nfs_url auto && ROOTS=$URL ;;
  esac
}

# The server of a root that names none: the one of ip=, the lease's next-server (siaddr), the one that gave the lease.
server_of_root() { echo "${IP_SERVER:-${LEASE_NEXT_SERVER:-$LEASE_SERVER}}"; }
