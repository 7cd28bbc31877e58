# shellcheck shell=dash
# Asking on all candidate cards at once; the first lease wins. A lease is only written down by whoever asks (udhcpc's
# script, or the kernel's word for an IPv6 address): what becomes of it is decided here.

# One round: every candidate is asked some times. The next round comes when this one's trouble has been told.
find_lease() {
  local card candidates running='' tick=0 limit
  candidates=$(candidate_cards)
  limit=$((CARRIER_WAIT * 10))
  rm -f "$STATE"/lease.* "$STATE"/dhcp.*
  wake_cards "$candidates"
  DHCP_CARDS=
  while :; do
    ask_cards_with_carrier
    if take_first_lease; then
      stop_asking
      return 0
    fi
    if round_is_over; then break; fi
    say_if_deaf
    pause 0.1
    tick=$((tick + 1))
  done
  why_no_lease "$candidates"
  return 1
}

# Sets CARDS_ASLEEP to those that could not be put up.
wake_cards() {
  local card
  CARDS_ASLEEP=
  for card in $1; do wake_card "$card" || CARDS_ASLEEP="$CARDS_ASLEEP $card"; done
}

# Puts a card up, with the MAC and MTU that its ip= names.
wake_card() {
  read_ip_word_for "$1"
  if [ -n "$IP_MAC" ] && [ "$(card_mac "$1")" != "$IP_MAC" ]; then
    run ip link set "$1" down
    run ip link set "$1" address "$IP_MAC"
  fi
  [ -z "$IP_MTU" ] || run ip link set "$1" mtu "$IP_MTU"
  run ip link set "$1" up
}

# Starts to ask on each candidate whose carrier has come.
ask_cards_with_carrier() {
  for card in $candidates; do
    if value_in "$DHCP_CARDS" "$card" || ! has_carrier "$card"; then continue; fi
    DHCP_CARDS="$DHCP_CARDS $card"
    [ -n "$ASKING_SINCE" ] || ASKING_SINCE=$(uptime_seconds)
    read_ip_word_for "$card"
    [ "$IP_METHOD" = static ] || say "asking for an address on $card ($(card_mac "$card"))"
    : >"$STATE/dhcp.$card"
    "ask_$IP_METHOD" "$card" &
    running="$running $!"
  done
}

# A name is only sent where the server has given one.
ask_dhcp() {
  local card=$1
  set -- -f -q -n -t "$(dhcp_requests)" -T "$(dhcp_interval)" -V "$VENDOR_CLASS" -i "$card" -s "$ROOT/netroot/dhcp/answer" \
    -O search -O staticroutes -O msstaticroutes -O mtu -O rootpath -O ntpsrv
  [ -z "$NETROOT_NAME" ] || set -- "$@" -x "hostname:$NETROOT_NAME"
  [ -z "$IP_CLIENT_ID" ] || set -- "$@" -C -x "0x3d:$IP_CLIENT_ID"
  exec_client "$card" udhcpc "$@"
}

# exec_client CARD PROGRAM…: exec, so that the process that is stopped later is the program itself.
exec_client() {
  exec 2>"$STATE/dhcp.$1"
  shift
  if [ -n "$MOCK" ]; then exec "$MOCK" "$@"; fi
  exec "$@" >&2
}

# How often a round asks, and how many seconds apart. From the fourth round on it takes longer, for switches and servers
# that need their time: listening is better than pausing.
dhcp_requests() {
  if [ -n "$DHCP_WAIT" ]; then
    echo $(((DHCP_WAIT / 2 + 1) * DHCP_RETRY))
  elif [ "$ATTEMPT" -le 3 ]; then
    echo $((3 * DHCP_RETRY))
  else
    echo $((8 * DHCP_RETRY))
  fi
}

dhcp_interval() {
  if [ -n "$DHCP_WAIT" ] || [ "$ATTEMPT" -le 3 ]; then echo 2; else echo 3; fi
}

ASKING_SINCE='' # uptime when the first question went out

# Once, half a minute after the first question.
say_if_deaf() {
  local now
  [ -n "$ASKING_SINCE" ] && [ -z "$DEAF_TOLD" ] || return 0
  now=$(uptime_seconds)
  [ $((${now%.*} - ${ASKING_SINCE%.*})) -ge 30 ] || return 0
  DEAF_TOLD=yes
  on_every_console "netroot: no answer in $((${now%.*} - ${ASKING_SINCE%.*})) s although there is a link on$DHCP_CARDS. \
Spanning tree keeps a switch port deaf for 30 to 50 s (set portfast); asking goes on."
}

DEAF_TOLD=

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

# A card that cannot be put up has no link either: firmware is the most frequent cause.
why_asleep() {
  local firmware
  firmware=$(missing_firmware)
  [ -z "$firmware" ] || no_firmware "$firmware"
}

all_asked() {
  for card in $candidates; do
    value_in "$DHCP_CARDS" "$card" || return 1
  done
}

why_no_lease() {
  local card asked=''
  if [ -z "$DHCP_CARDS" ]; then
    [ -z "$CARDS_ASLEEP" ] || why_asleep || return # false, as trouble is
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

# What udhcpc said of one card, in numbers: what was sent, what came, and from whom.
heard_on() {
  local file="$STATE/dhcp.$1" from
  from=$(who_answered "$file")
  printf '%s (%s): %s requests sent, %s offers and %s refusals heard%s, %s packets received since power-on' "$1" \
    "$(card_mac "$1")" "$(grep -cE '(broadcasting|sending) discover' "$file")" "$(grep -cE '(broadcasting|sending) select' "$file")" \
    "$(grep -c '^nak:' "$file")" "${from:+ (from${from})}" "$(first_line "$ROOT/sys/class/net/$1/statistics/rx_packets")"
}

# Addresses of the servers that offered or refused something, a blank before each.
who_answered() {
  sed -n -E 's/.* select for .*, server ([0-9.]+)$/\1/p; s/^nak: ([0-9.]+) .*/\1/p' "$1" | sort -u | while read -r address; do
    printf ' %s' "$address"
  done
}
