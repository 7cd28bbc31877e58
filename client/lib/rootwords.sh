# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The words of the kernel command line that concern the root, as the kernel (nfsroot.rst), dracut.cmdline(7),
# initramfs-tools(7), mkinitcpio and overlayroot have them.

forget_root_words() {
  ROOT_WORD='' NETROOT_WORD='' NFSROOT='' BOOT_WORD='' ROOT_TYPE='' ROOT_FLAGS='' ROOT_MODE='' ROOT_WAIT='' INIT=''
  OVERLAY='' OVERLAY_SIZE='' NEED_NETWORK=''
}

# take_root_word WORD: false if it is none of these.
take_root_word() {
  case $1 in
    root=*) ROOT_WORD=${1#*=} ;;
    netroot=*) NETROOT_WORD=${1#*=} ;;
    nfsroot=*) NFSROOT=${1#*=} ;;
    boot=*) take_boot_word "$1" ;;
    rootfstype=*) ROOT_TYPE=${1#*=} ;;
    rootflags=*) ROOT_FLAGS=${ROOT_FLAGS:+$ROOT_FLAGS,}${1#*=} ;;
    rootwait) ROOT_WAIT=ever ;;
    rootwait=* | rootdelay=*) ROOT_WAIT=${1#*=} ;;
    ro | rw) ROOT_MODE=$1 ;;
    init=*) INIT=${1#*=} ;;
    rdinit=*) ;; # the kernel's own; it has started us
    rd.neednet | rd.neednet=1) NEED_NETWORK=yes ;;
    rd.neednet=0) NEED_NETWORK='' ;;
    *) take_overlay_word "$1" ;;
  esac
}

# boot= names what the root is, before root= does [initramfs-tools(7)]. Scripts of other initramfs are not here.
take_boot_word() {
  case ${1#*=} in
    nfs | local | '') BOOT_WORD=${1#*=} ;;
    UUID=* | LABEL=* | /dev/*) ;; # where dracut's FIPS check finds /boot
    *) unknown_word "$1" "this initramfs has boot=nfs and boot=local" ;;
  esac
}

# The root over a network always has memory above it; where the root is a local disk, these words ask for that.
take_overlay_word() {
  case $1 in
    rd.overlay | rd.overlay=1 | rd.overlay=tmpfs | rd.live.overlay.overlayfs* | rd.overlay.overlayfs* | \
      overlayroot=tmpfs) OVERLAY=yes ;;
    rd.overlay=tmpfs:*) take_overlay_options "$1" "${1#*:}" ;;
    overlayroot=tmpfs:*) take_overlay_options "$1" "${1#*:}" ;;
    rd.overlay=0 | rd.overlay=none | overlayroot=disabled | overlayroot=) OVERLAY=no ;;
    netroot.overlay-size=* | overlay-size=*) OVERLAY_SIZE=${1#*=} ;;
    rd.live.overlay.size=*) OVERLAY_SIZE=${1#*=}m ;; # MiB
    rd.overlay* | rd.live.overlay* | overlayroot=*) unknown_word "$1" "what is written is kept in memory" ;;
    rd.live.ram | rd.live.ram=1 | toram | toram=*) unknown_word "$1" "the root stays on its server" ;;
    *) return 1 ;;
  esac
}

# take_overlay_options WORD LIST: size= of the memory; recurse= and swap= speak of what is not here.
take_overlay_options() {
  local option rest=$2,
  OVERLAY=yes
  while [ -n "$rest" ]; do
    option=${rest%%,*}
    rest=${rest#*,}
    case $option in
      size=*) OVERLAY_SIZE=${option#*=} ;;
      '' | recurse=0 | swap=*) ;;
      *) unknown_word "$1" "of its options only size= is known" ;;
    esac
  done
}
