# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The kernel command line. One line of `take_word` per word that is known; a word of ours that is not is reported.

read_command_line() {
  BOOTIF='' IP_WORDS='' ROOT_WORD='' NFSROOT='' INIT='' QUIET='' DEBUG='' BREAK='' REBOOT_AFTER='' OVERLAY_SIZE=''
  CARRIER_WAIT=15 UNKNOWN_WORDS=''
  local line word
  line=$(first_line "$1")
  while next_word; do take_word "$word"; done
}

# Takes the first word off $line into $word. Double quotes keep blanks together, as in the kernel's own reading.
next_word() {
  local quotes
  line=${line#"${line%%[! ]*}"}
  [ -n "$line" ] || return 1
  word=${line%% *}
  line=${line#"$word"}
  while :; do
    quotes=$(printf '%s' "$word" | tr -dc '"')
    if [ $((${#quotes} % 2)) -eq 0 ] || [ -z "$line" ]; then break; fi
    line=${line# }
    word="$word ${line%% *}"
    line=${line#"${line%% *}"}
  done
  word=$(printf '%s' "$word" | tr -d '"')
}

take_word() {
  case $1 in
    netroot.boot=*) NETROOT_BOOT=${1#*=} ;;
    netroot.server=*) NETROOT_SERVER=${1#*=} ;;
    netroot.name=*) NETROOT_NAME=${1#*=} ;;
    netroot.overlay-size=*) OVERLAY_SIZE=${1#*=} ;;
    netroot.reboot=* | panic=*) REBOOT_AFTER=${1#*=} ;;
    netroot.carrier=* | rd.net.timeout.carrier=*) CARRIER_WAIT=${1#*=} ;;
    BOOTIF=*) BOOTIF=$(bootif_mac "${1#*=}") ;;
    ip=*) IP_WORDS="$IP_WORDS ${1#*=}" ;;
    root=*) ROOT_WORD=${1#*=} ;;
    nfsroot=*) NFSROOT=${1#*=} ;;
    init=*) INIT=${1#*=} ;;
    quiet) QUIET=yes ;;
    debug | rd.debug | rd.debug=1) DEBUG=yes ;;
    rd.break | break) BREAK=switch ;;
    rd.break=* | break=*) BREAK=$(our_stage "${1#*=}") ;;
    ro | rw | rd.shell | rd.shell=* | rd.neednet=* | rd.udev.* | rd.driver.* | rd.systemd.*) ;;
    netroot.* | rd.*) UNKNOWN_WORDS="$UNKNOWN_WORDS ${1%%=*}" ;;
  esac
}

# BOOTIF's first byte is the hardware type (01, Ethernet); the rest is the MAC: 01-52-54-00-12-34-56 or 52:54:….
bootif_mac() {
  local mac
  mac=$(printf '%s' "$1" | tr 'A-F-' 'a-f:')
  case $mac in
    ??:??:??:??:??:??:??) mac=${mac#??:} ;;
  esac
  echo "$mac"
}

# The names that dracut and initramfs-tools have for places where a boot can be stopped, in ours.
our_stage() {
  case $1 in
    top | cmdline | pre-udev) echo start ;;
    modules | pre-trigger | initqueue) echo cards ;;
    premount | pre-mount) echo network ;;
    mount) echo mount ;;
    mountroot | bottom | init | cleanup | pre-pivot) echo switch ;;
    *) echo "$1" ;;
  esac
}
