# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The kernel command line: what it says of the network, the root and of failures is in the file of each; here is the rest.

read_command_line() {
  QUIET='' DEBUG='' MODULES_BARRED='' MODULES_FIRST='' MODULES_LATER=''
  forget_network_words
  forget_root_words
  forget_failure_words
  local line word
  line=$(first_line "$1")
  while next_word && [ "$word" != -- ]; do take_word "$word"; done # what follows -- is init's
}

# Takes the first word off $line into $word. Double quotes keep blanks together, as in the kernel's own reading.
next_word() {
  local piece
  line=${line#"${line%%[! ]*}"}
  [ -n "$line" ] || return 1
  word=
  while :; do
    piece=${line%%[ \"]*}
    word=$word$piece
    line=${line#"$piece"}
    case $line in
      \"*) ;;
      *) return 0 ;;
    esac
    line=${line#\"}
    piece=${line%%\"*}
    word=$word$piece
    line=${line#"$piece"}
    line=${line#\"}
  done
}

take_word() {
  take_own_word "$1" || take_root_word "$1" || take_network_word "$1" || take_failure_word "$1" || pass_over_word "$1"
}

take_own_word() {
  case $1 in
    netroot.boot=*) NETROOT_BOOT=${1#*=} ;;
    netroot.server=*) NETROOT_SERVER=${1#*=} ;;
    netroot.name=*) NETROOT_NAME=${1#*=} ;;
    netroot.syslog=*) NETROOT_SYSLOG=${1#*=} ;;
    netroot.ssh | netroot.ssh=1 | netroot.ssh=yes) NETROOT_SSH=1 ;;
    netroot.ssh=0 | netroot.ssh=no) NETROOT_SSH=0 ;;
    quiet) QUIET=yes ;;
    rd.info | rd.info=1) QUIET='' ;;
    debug | rd.debug | rd.debug=1) DEBUG=yes ;;
    rd.driver.blacklist=* | modprobe.blacklist=* | module_blacklist=*) MODULES_BARRED="$MODULES_BARRED,${1#*=}" ;;
    rd.driver.pre=*) MODULES_FIRST="$MODULES_FIRST,${1#*=}" ;;
    rd.driver.post=*) MODULES_LATER="$MODULES_LATER,${1#*=}" ;;
    *) return 1 ;;
  esac
}

# Words that change nothing here are passed over: what they switch off is not there, or it is the business of udev or of
# systemd. A word in one of our name spaces that is not known is told: most of them are misspelt.
pass_over_word() {
  case $1 in
    rd.udev.* | rd.systemd.* | rd.vconsole.* | rd.locale.* | rd.plymouth=0 | rd.debug=0 | rd.info=0) ;;
    rd.auto=0 | rd.lvm=0 | rd.luks=0 | rd.md=0 | rd.dm=0 | rd.nonvmf | rd.nonvmf=1 | rd.fcoe=0 | rd.multipath=0) ;;
    rd.hostonly=* | rd.fstab=0 | rd.skipfsck | rd.skipfsck=1 | rd.memdebug=* | rd.noverifyssl) ;;
    rd.lvm* | rd.luks* | rd.md* | rd.dm* | rd.nvmf* | rd.fcoe* | rd.zfcp* | rd.dasd* | rd.multipath* | rd.auto*)
      unknown_word "$1" "this initramfs assembles no such devices"
      ;;
    rd.cmdline=ask) unknown_word "$1" "nobody is asked for words" ;;
    rd.* | netroot.*) unknown_word "$1" "there is no such word" ;;
  esac
}
