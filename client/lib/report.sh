# shellcheck shell=dash
# Telling the server how the boot goes: docs/architecture.md, "Reports". Reports are files in a queue, because the first
# ones are written before there is a network, and are sent in the background, because nothing may wait for them.

# report STAGE [LINE...]; text on standard input with report_with_log.
report() {
  REPORT_NUMBER=$((REPORT_NUMBER + 1))
  local file
  file=$STATE/reports/$(printf '%03d' "$REPORT_NUMBER")-$1
  {
    echo "$1"
    echo "uptime $(uptime_seconds)"
    shift
    printf '%s' "$UNKNOWN_WORDS"
    [ $# -eq 0 ] || printf '%s\n' "$@"
    [ -z "$REPORT_TEXT" ] || printf '\n%s\n' "$REPORT_TEXT"
  } >"$file.new"
  mv "$file.new" "$file"
  UNKNOWN_WORDS=
  log "report ${file##*-}"
  [ -z "$NETWORK_IS_UP" ] || send_reports &
}

REPORT_NUMBER=0
REPORT_TEXT=
UNKNOWN_WORDS=''
TOLD_WORDS=
NETWORK_IS_UP=

# Sends what is in the queue, oldest first; what cannot be sent stays. One sender at a time.
send_reports() {
  local file
  [ -n "$NETROOT_SERVER" ] || return 0
  while [ -n "$(next_report)" ]; do
    mkdir "$STATE/reports/sending" 2>/dev/null || return 0
    while file=$(next_report) && [ -n "$file" ] && post_report "$file"; do rm -f "$file"; done
    rmdir "$STATE/reports/sending"
    [ ! -e "$file" ] || return 1
  done
}

next_report() {
  local file
  for file in "$STATE"/reports/[0-9]*; do
    case $file in
      *.new) ;;
      *)
        [ ! -e "$file" ] || echo "$file"
        return
        ;;
    esac
  done
}

post_report() {
  run wget -q -T 3 -O /dev/null --header 'Content-Type: text/plain' --post-file "$1" "$(report_url)"
}

report_url() {
  if [ -n "$NETROOT_BOOT" ]; then
    echo "${NETROOT_SERVER%/}/report/$NETROOT_BOOT"
  else
    echo "${NETROOT_SERVER%/}/report/mac/$(card_mac "$LEASE_INTERFACE")"
  fi
}

# Before the real system takes over, for the queue moves away under a sender, and before a restart. What a dead server did
# not take by now stays in the queue; netroot-alive.service tries once more.
finish_reports() {
  local tick=0
  [ -n "$NETROOT_SERVER" ] && [ -n "$NETWORK_IS_UP" ] || return 0
  while [ -n "$(next_report)" ] && [ "$tick" -lt 20 ]; do
    send_reports || return 0 # nobody takes them
    pause 0.2                # another sender has them in hand
    tick=$((tick + 1))
  done
}

report_init() { report init "kernel $(running_kernel)" "memory $(memory_kib MemTotal)"; }

# unknown_word WORD WHY: says once that a word of the command line is not understood, on the screen at once and to the
# server with the next report. It goes there without a value that may be a secret.
unknown_word() {
  local told=$1
  case $told in
    *password*=* | *secret*=* | *key*=*) told=${told%%=*}=… ;;
  esac
  case $TOLD_WORDS in
    *"|$told|"*) return 0 ;;
  esac
  TOLD_WORDS="$TOLD_WORDS|$told|"
  UNKNOWN_WORDS="${UNKNOWN_WORDS}unknown-word $told
"
  warn "not understood on the kernel command line: $told ($2)"
}

report_cards() {
  local card place alias
  set --
  for card in $CARDS; do set -- "$@" "card $card $(card_mac "$card") $(card_driver "$card") $(card_bus "$card")$(card_aliases "$card")"; done
  while read -r place alias; do
    [ -z "$place" ] || set -- "$@" "missing $place $alias"
  done <<LIST
$(devices_without_driver)
LIST
  say "network cards: $(cards_in_words "$CARDS")"
  report cards "$@"
}

report_lease() {
  report lease "interface $LEASE_INTERFACE" "address $LEASE_ADDRESS" "router $LEASE_ROUTER" "server $LEASE_SERVER" \
    "seconds $LEASE_SECONDS" ${SSH_FINGERPRINT:+"ssh-host-key $SSH_FINGERPRINT"}
}

report_root() { report root "url $ROOT_URL" "took $ROOT_TOOK"; }

report_handover() {
  local manager
  set --
  for manager in $MANAGERS; do set -- "$@" "manager $manager"; done
  report handover "$@"
}

report_switch() { report switch "init $INIT_PATH" "initramfs-memory $(initramfs_kib)"; }
