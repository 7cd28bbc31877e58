# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# What happens when a step fails: it is said, the server is told, and it is tried again, for ever. A machine in a rack has
# nobody to press a key, and the server it waits for may come back at four in the morning.

# trouble CAUSE WHAT FOUND NEXT: why a step failed, for whoever tells it; false, as the step will be. The codes are those of
# docs/architecture.md, "Reports".
trouble() {
  CAUSE=$1 WHAT=$2 FOUND=$3 NEXT=$4
  return 1
}

# insist STEP: until it is done.
insist() {
  ATTEMPT=1 BOX_SHOWN=
  until "$@"; do
    tell_trouble "$1"
    wait_before_next_attempt
    ATTEMPT=$((ATTEMPT + 1))
  done
}

# A first failure is often over in seconds (a switch port that wakes up): one line. From the third on, and at once for what
# does not heal by itself, the operator gets the whole story, and the server a `failed` with the log.
tell_trouble() {
  STEP=$(step_in_words "$1")
  PAUSE=$(pause_seconds "$ATTEMPT")
  log "attempt $ATTEMPT: $CAUSE: $WHAT $FOUND"
  if [ "$ATTEMPT" -lt 3 ] && heals_by_itself; then
    on_every_console "netroot: $WHAT (try $ATTEMPT, again in $PAUSE s)"
    report trying "what $STEP" "attempt $ATTEMPT" "cause $CAUSE" "text $(one_line "$WHAT $FOUND")"
    return
  fi
  BOX_SHOWN=yes
  on_every_console "$(trouble_block)"
  if [ "$TOLD_CAUSE" = "$CAUSE" ]; then
    report trying "what $STEP" "attempt $ATTEMPT" "cause $CAUSE" "text $(one_line "$WHAT $FOUND")"
  else
    TOLD_CAUSE=$CAUSE
    REPORT_TEXT=$(log_tail)
    report failed "cause $CAUSE" "text $(one_line "$WHAT $FOUND")"
    REPORT_TEXT=
    send_log failure &
    LOG_SENDER=$!
  fi
}

TOLD_CAUSE=

# What a step is called in the story of the boot.
step_in_words() {
  case $1 in
    kernel_matches_drivers) echo 'comparing kernel and drivers' ;;
    find_cards) echo 'looking for network cards' ;;
    configure_network) echo 'getting an address' ;;
    choose_roots) echo 'choosing the root' ;;
    mount_root) echo 'mounting the root' ;;
    lay_root) echo 'laying memory over the root' ;;
    check_root) echo 'checking the root' ;;
    *) echo "$1" ;;
  esac
}

heals_by_itself() { value_in "no-carrier no-lease no-route server-gone" "$CAUSE"; }

one_line() { printf '%s' "$1" | tr '\n' ' '; }

# For somebody at two in the morning: what failed, what was found, what to do, and what to quote to whoever helps.
trouble_block() {
  local rule='+-----------------------------------------------------------------------------'
  echo "$rule"
  trouble_line 'netroot' "this machine cannot boot: $CAUSE"
  trouble_line 'What failed' "$WHAT"
  trouble_line 'Found' "$FOUND"
  trouble_line 'To do' "$NEXT"
  trouble_line 'Boot' "${NETROOT_BOOT:-(no id)}, try $ATTEMPT, ${NETROOT_SERVER:-no server known}, $(uptime_seconds) s since power-on"
  echo "$rule"
  [ "$SHELL_ON_FAILURE" = no ] || printf 'Press s and Enter for a shell; '
  echo "the machine tries again in $PAUSE s."
  [ -z "$SSH_PID" ] || echo "Or from elsewhere: ssh root@$LEASE_ADDRESS (host key $SSH_FINGERPRINT)"
  [ -z "$(reboot_after)" ] || echo "It reboots when it has not booted $(reboot_after) s after power-on (panic=, netroot.reboot=)."
}

# A heading in a column of its own, the text folded beside it.
trouble_line() {
  local heading=$1
  printf '%s\n' "$2" | fold -s -w 62 | while read -r line; do
    printf '| %-12s %s\n' "$heading" "$line"
    heading=
  done
}

# 1, 2, 4, 8, 15, then 30 seconds.
pause_seconds() {
  case $1 in
    1) echo 1 ;;
    2) echo 2 ;;
    3) echo 4 ;;
    4) echo 8 ;;
    5) echo 15 ;;
    *) echo 30 ;;
  esac
}

wait_before_next_attempt() {
  local console
  if [ -n "$NETWORK_IS_UP" ] && next_report; then start_sending; fi # one that came as the sender ended
  reboot_if_asked
  give_up_if_asked
  console=$(run read_key "$PAUSE")
  [ -z "$console" ] || open_shell "$console"
}

# Seconds that panic= or netroot.reboot= give, or nothing.
reboot_after() {
  case $REBOOT_AFTER in
    '' | 0 | *[!0-9]*) ;;
    *) echo "$REBOOT_AFTER" ;;
  esac
}

reboot_if_asked() {
  local limit now
  limit=$(reboot_after)
  now=$(uptime_seconds)
  [ -n "$limit" ] && [ "${now%.*}" -ge "$limit" ] || return 0
  on_every_console "netroot: reboots, as panic= or netroot.reboot= asks"
  finish_reports
  run reboot -f
}

# rd.emergency= says what becomes of a boot that failed, rd.retry= and rd.timeout= when: so many seconds after power-on, at
# once where neither is given. A machine that shall do nothing of its own gets shells.
give_up_if_asked() {
  local now
  [ -n "$EMERGENCY$GIVE_UP_AFTER" ] && [ -n "$BOX_SHOWN" ] || return 0
  now=$(uptime_seconds)
  [ "${now%.*}" -ge "${GIVE_UP_AFTER:-0}" ] || return 0
  if [ -n "$EMERGENCY" ]; then
    on_every_console "netroot: $EMERGENCY, as rd.emergency= asks"
    finish_reports
    run "$EMERGENCY" -f
  elif [ "$SHELL_ON_FAILURE" != no ]; then
    on_every_console "netroot: tries no more, as rd.retry= asks; 'exit' in the shell lets it try on"
    open_shell
  fi
}
