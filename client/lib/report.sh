# shellcheck shell=dash
# Telling the server how the boot goes: docs/architecture.md, "Reports". Reports are files in a queue, because the first
# ones are written before there is a network, and are sent in the background, because nothing may wait for them.

# report STAGE [LINE...]. REPORT_TEXT is the free text behind the lines. No process is started but the sender: on a slow
# machine each costs a hundredth of a second.
report() {
  REPORT_NUMBER=$((REPORT_NUMBER + 1))
  local file=$STATE/reports/$((1000 + REPORT_NUMBER))-$1 text line
  read_uptime
  log "report $1"
  text="$1
uptime $UPTIME
$UNKNOWN_WORDS"
  UNKNOWN_WORDS=
  shift
  for line in "$@"; do
    text="$text$line
"
  done
  if [ -z "$REPORT_TEXT" ]; then
    printf '%s' "$text" >"$file" # short, so it is there at once and whole
  else
    printf '%s\n%s\n' "$text" "$REPORT_TEXT" >"$file.new"
    mv "$file.new" "$file"
  fi
  [ -z "$NETWORK_IS_UP" ] || start_sending
}

REPORT_NUMBER=0
REPORT_TEXT=
UNKNOWN_WORDS=''
TOLD_WORDS=
NETWORK_IS_UP=
SENDER=
LOG_SENDER=

# One sender at a time; one that runs takes what has come meanwhile.
start_sending() {
  [ -n "$NETROOT_SERVER" ] || return 0
  if [ -n "$SENDER" ] && kill -0 "$SENDER" 2>/dev/null; then return; fi
  send_reports &
  SENDER=$!
}

# Sends what is in the queue, oldest first, and leaves it behind empty; what cannot be sent stays.
send_reports() {
  while next_report; do
    post_report "$REPORT" || is_refused || return
    : >"$REPORT"
  done
}

# Sets REPORT; false when everything is sent.
next_report() {
  for REPORT in "$STATE"/reports/[0-9]*; do
    case $REPORT in
      *.new) ;;
      *) [ ! -s "$REPORT" ] || return 0 ;;
    esac
  done
  return 1
}

# A report that the server does not understand is not sent again: others wait behind it.
is_refused() {
  grep -q 'HTTP/1\.[01] 4' "$STATE/report-error" 2>/dev/null
}

post_report() {
  run wget -q -T 3 -O /dev/null --header 'Content-Type: text/plain' --post-file "$1" "$(report_url)" 2>"$STATE/report-error"
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
  [ -n "$NETROOT_SERVER" ] && [ -n "$NETWORK_IS_UP" ] || return 0
  [ -z "$SENDER" ] || wait "$SENDER"
  [ -z "$LOG_SENDER" ] || wait "$LOG_SENDER"
  send_reports || return 0
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

report_root() { report root "url $ROOT_URL" "took $ROOT_TOOK" ${ROOT_REFUSED:+"refused $ROOT_REFUSED"}; }

report_handover() {
  local manager
  set --
  for manager in $MANAGERS; do set -- "$@" "manager $manager"; done
  report handover "$@"
}

report_switch() {
  count_modules
  report switch "init $INIT_PATH" "initramfs-memory $(initramfs_kib)" ${MODULES_LOADED:+"modules $MODULES_LOADED"}
}

# Sets MODULES_LOADED, empty where the kernel does not tell.
count_modules() {
  MODULES_LOADED=
  [ -r "$ROOT/proc/modules" ] || return 0
  MODULES_LOADED=0
  while read -r _; do MODULES_LOADED=$((MODULES_LOADED + 1)); done <"$ROOT/proc/modules"
}
