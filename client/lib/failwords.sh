# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The words of the kernel command line that stop a boot or say what becomes of one that fails, as dracut.cmdline(7),
# initramfs-tools(7) and mkinitcpio have them.

forget_failure_words() {
  BREAK='' SHELL_ON_FAILURE='' GIVE_UP_AFTER='' EMERGENCY='' REBOOT_AFTER=''
}

# take_failure_word WORD: false if it is none of these.
take_failure_word() {
  case $1 in
    rd.break | rd.break=1) BREAK="$BREAK switch" ;; # dracut: "at the end"
    break | break=y) BREAK="$BREAK network" ;;      # initramfs-tools, mkinitcpio: before the root is mounted
    rd.break=* | break=*) take_stages "$1" ;;
    rd.shell | rd.shell=1) SHELL_ON_FAILURE=yes ;;
    rd.shell=0) SHELL_ON_FAILURE=no ;;
    rd.retry=* | rd.timeout=*) take_seconds "$1" && GIVE_UP_AFTER=$SECONDS_TAKEN ;;
    netroot.reboot=*) take_seconds "$1" && REBOOT_AFTER=$SECONDS_TAKEN ;;
    panic=*) REBOOT_AFTER=${1#*=} ;; # the kernel's too, where it may be negative: at once when the kernel panics
    rd.emergency=reboot | rd.emergency=poweroff | rd.emergency=halt) EMERGENCY=${1#*=} ;;
    rd.emergency=*) unknown_word "$1" "it is reboot, poweroff or halt" ;;
    *) return 1 ;;
  esac
  return 0
}

# take_seconds WORD: sets SECONDS_TAKEN; false, and told, if it is no number.
take_seconds() {
  SECONDS_TAKEN=${1#*=}
  if is_number "$SECONDS_TAKEN"; then return 0; fi
  unknown_word "$1" "it is a number of seconds"
  return 1
}

# take_stages WORD: a list with commas.
take_stages() {
  local stage rest=${1#*=},
  while [ -n "$rest" ]; do
    stage=${rest%%,*}
    rest=${rest#*,}
    [ -n "$stage" ] || continue
    case $(our_stage "$stage") in
      '') unknown_word "$1" "the stages are start, cards, network, root, handover and switch" ;;
      *) BREAK="$BREAK $(our_stage "$stage")" ;;
    esac
  done
}

# The places where a boot can be stopped, by our names (each is after that step) and by those of dracut, initramfs-tools
# and mkinitcpio.
our_stage() {
  case $1 in
    start | cards | network | root | handover | switch) echo "$1" ;;
    top | cmdline | pre-udev) echo start ;;
    modules | pre-trigger | initqueue) echo cards ;;
    premount | pre-mount | mount | mountroot) echo network ;;
    bottom | postmount) echo root ;;
    init | cleanup | pre-pivot) echo switch ;;
  esac
}
