# shellcheck shell=dash
# DHCP on all candidate cards at once; the first lease wins. A lease is only written down by the script that udhcpc calls:
# what becomes of it is decided here.

# One round: every candidate is asked three times. The next round comes when this one's trouble has been told.
lease_from_dhcp() {
  local card candidates running='' tick=0 limit
  candidates=$(candidate_cards)
  limit=$(carrier_ticks)
  rm -f "$STATE"/lease.*
  for card in $candidates; do run ip link set "$card" up; done
  DHCP_CARDS=
  while :; do
    ask_cards_with_carrier
    if take_first_lease; then
      stop_asking
      return 0
    fi
    if round_is_over; then break; fi
    pause 0.2
    tick=$((tick + 1))
  done
  why_no_lease "$candidates"
  return 1
}

# Fifths of a second that one round waits for cards that have no carrier yet.
carrier_ticks() {
  if is_number "$CARRIER_WAIT"; then
    echo $((CARRIER_WAIT * 5))
  else
    echo 75
  fi
}

# Starts udhcpc on each candidate whose carrier has come.
ask_cards_with_carrier() {
  for card in $candidates; do
    if value_in "$DHCP_CARDS" "$card" || ! has_carrier "$card"; then continue; fi
    DHCP_CARDS="$DHCP_CARDS $card"
    say "asking for an address on $card ($(card_mac "$card"))"
    ask_dhcp "$card" &
    running="$running $!"
  done
}

# exec, so that the process that is stopped later is udhcpc itself. A name is only sent where the server has given one.
ask_dhcp() {
  local card=$1
  set -- -f -q -n -t 3 -T 2 -V netroot -i "$card" -s "$ROOT/netroot/dhcp/answer" \
    -O search -O staticroutes -O mtu -O rootpath -O ntpsrv
  [ -z "$NETROOT_NAME" ] || set -- "$@" -x "hostname:$NETROOT_NAME"
  exec 2>"$STATE/dhcp.$card"
  if [ -n "$MOCK" ]; then exec "$MOCK" udhcpc "$@"; fi
  exec udhcpc "$@" >&2
}

take_first_lease() {
  for card in $DHCP_CARDS; do
    [ -e "$STATE/lease.$card" ] || continue
    read_lease "$STATE/lease.$card"
    return 0
  done
  return 1
}

stop_asking() {
  # shellcheck disable=SC2086 # a list of process ids
  kill $running 2>/dev/null
  # shellcheck disable=SC2086 # a list of process ids
  wait $running
}

# Over when everybody was asked and has given up, or, where a carrier never came, when waiting for it has lasted long
# enough and those that were asked have given up.
round_is_over() {
  local pid
  for pid in $running; do
    if kill -0 "$pid" 2>/dev/null; then return 1; fi
  done
  if lease_is_written; then return 1; fi # in the last moment: the next turn takes it
  [ "$tick" -ge "$limit" ] || all_asked
}

lease_is_written() {
  set -- "$STATE"/lease.*
  [ -e "$1" ]
}

all_asked() {
  for card in $candidates; do
    value_in "$DHCP_CARDS" "$card" || return 1
  done
}

why_no_lease() {
  local card asked=''
  if [ -z "$DHCP_CARDS" ]; then
    trouble no-carrier "No network card has a link." \
      "No carrier on $(cards_in_words "$1") after $CARRIER_WAIT s." \
      "Look at the cable, the switch port and its light; a port that sleeps or is switched off gives no link."
    return
  fi
  for card in $DHCP_CARDS; do asked="$asked$(heard_on "$card"); "; done
  trouble no-lease "No DHCP server gave this machine an address." \
    "${asked%; }." \
    "See that the DHCP server runs, has addresses left and is on this network. A switch port with spanning tree is deaf for 50 s: set portfast."
}

# "eth0 (52:54:00:12:34:56), eth1 (…)"
cards_in_words() {
  local card words=''
  for card in $1; do words="$words, $card ($(card_mac "$card"))"; done
  echo "${words#, }"
}

# What udhcpc said of one card, in numbers: what was sent, what came.
heard_on() {
  local file="$STATE/dhcp.$1"
  printf '%s (%s): %s requests sent, %s offers and %s refusals heard, %s packets received since power-on' "$1" \
    "$(card_mac "$1")" "$(grep -c 'broadcasting discover' "$file")" "$(grep -c 'broadcasting select' "$file")" \
    "$(grep -ci 'nak' "$file")" "$(first_line "$ROOT/sys/class/net/$1/statistics/rx_packets")"
}
