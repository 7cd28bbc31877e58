# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The network of the machine: from cards to an address, routes, names. What it got stands in LEASE_*.

bring_up_loopback() {
  run ip link set lo up
  run ip address add 127.0.0.1/8 dev lo 2>/dev/null
}

# Done once an address stands; `ip=` decides how it is got.
configure_network() {
  [ "$ATTEMPT" = 1 ] || look_for_cards # one may have been plugged in since
  find_lease || return 1
  apply_words
  apply_lease
  write_network_state
  configure_other_cards
  put_down_losers
  NETWORK_IS_UP=yes
  say "$LEASE_INTERFACE has $LEASE_ADDRESS/$LEASE_PREFIX${LEASE_ROUTER:+, router $LEASE_ROUTER}"
  set_clock_by_server
}

# Interfaces on which to look for a network: those that the command line or the loader name; all of them when there is
# none such, or when those named stayed dumb for three rounds.
candidate_cards() {
  local named=
  [ "$ATTEMPT" -gt 3 ] || named=$(named_interfaces)
  echo "${named:-$(top_links "$LINKS $CARDS")}"
}

# bootdev= names one; then come the cards of ip=, of which BOOTIF may choose one; the links that the command line had made;
# and the card of BOOTIF.
named_interfaces() {
  local named booted
  if [ -n "$BOOT_DEVICE" ] && named=$(interface_called "${BOOT_DEVICE%%,*}"); then
    echo "$named"
    return
  fi
  booted=$(boot_card)
  named=$(interfaces_of_ip_words)
  if [ -n "$booted" ] && value_in "$named" "$booted"; then
    echo "$booted"
  elif [ -n "$named$LINKS" ]; then
    echo "${named:-$(top_links "$LINKS")}"
  else
    echo "$booted"
  fi
}

# What the command line says goes before what a server said.
apply_words() {
  read_ip_word_for "$LEASE_INTERFACE"
  LEASE_MTU=${IP_MTU:-$LEASE_MTU}
  apply_dns_words
  [ "$LEASE_METHOD" != auto6 ] || KEEP_LEASE='' # the kernel keeps it
  LEASE_HOSTNAME=${WORD_HOSTNAME:-${IP_HOST:-$LEASE_HOSTNAME}}
  [ "$LEASE_METHOD" != static ] || [ -n "$LEASE_DNS" ] ||
    say "ip= names no DNS server: none is set until a lease is taken in the running system"
}

# nameserver= comes first, rd.peerdns=0 leaves nothing else.
apply_dns_words() {
  [ -n "$PEER_DNS" ] || LEASE_DNS=$IP_DNS LEASE_DOMAIN='' LEASE_SEARCH=''
  LEASE_DNS=${NAMESERVERS:+$NAMESERVERS${LEASE_DNS:+ }}$LEASE_DNS
}

# What of the command line the running system has to heed when the lease is renewed.
write_network_state() {
  local name value
  for name in NAMESERVERS PEER_DNS IP_DNS IP_CLIENT_ID VENDOR_CLASS LINKS; do
    eval "value=\$$name"
    printf '%s=%s\n' "$name" "$(quote "$value")"
  done >"$STATE/network"
}

# Puts an address on the card. It is given for ever (the kernel's default), whatever the lease says: were the kernel to
# take it away because a renewal came late, the root would be gone and with it the program that renews. The renewer that
# runs beside the real system owns the lease from here on.
apply_lease() {
  run ip link set "$LEASE_INTERFACE" up
  [ -z "$LEASE_MTU" ] || run ip link set "$LEASE_INTERFACE" mtu "$LEASE_MTU"
  case $LEASE_METHOD in
    auto6 | dhcp6) apply_lease6 ;;
    *)
      add_static_address "$LEASE_INTERFACE" "$LEASE_ADDRESS" "$LEASE_PREFIX" "$LEASE_PEER"
      apply_routes
      ;;
  esac
  apply_route_words
  apply_names
}

# RFC 3442: where classless routes are given, the router option is ignored.
apply_routes() {
  if [ -z "$LEASE_ROUTES" ]; then
    [ -z "$LEASE_ROUTER" ] || add_route default "$LEASE_ROUTER"
    return
  fi
  # shellcheck disable=SC2086 # pairs of network and router
  set -- $LEASE_ROUTES
  while [ $# -ge 2 ]; do
    add_route "$1" "$2"
    shift 2
  done
}

# add_route NETWORK ROUTER. A router outside the card's own network is made reachable first.
add_route() {
  if [ "$2" = 0.0.0.0 ]; then
    run ip route add "$1" dev "$LEASE_INTERFACE"
    return
  fi
  run ip route add "$1" via "$2" dev "$LEASE_INTERFACE" && return
  run ip route add "$2$(whole_prefix "$2")" dev "$LEASE_INTERFACE"
  run ip route add "$1" via "$2" dev "$LEASE_INTERFACE" || warn "no route to $1 by $2"
}

# The prefix of one address alone.
whole_prefix() { if is_address6 "$1"; then echo /128; else echo /32; fi; }

# What rd.route= asks for; without a card the kernel finds it by the router.
apply_route_words() {
  local word network router interface
  for word in $ROUTE_WORDS; do
    network=${word%%,*} router=${word#*,} interface=${word##*,}
    router=${router%%,*}
    [ -z "$interface" ] || interface=$(interface_called "$interface") || continue
    run ip route add "$network" ${router:+via "$router"} ${interface:+dev "$interface"} ||
      warn "rd.route=: no route to $network${router:+ by $router}"
  done
}

# Names for this stage itself: the root's server may be named rather than numbered.
apply_names() {
  HOST_NAME=${NETROOT_NAME:-$LEASE_HOSTNAME}
  [ -z "$HOST_NAME" ] || run hostname "${HOST_NAME%%.*}"
  resolv_conf >"$ROOT/etc/resolv.conf"
}

# Not what the root's card, and others with an address of ip=, are made of.
put_down_losers() {
  local card kept
  kept=$(root_links)
  for card in $OTHER_CARDS; do kept="$kept $card $(parts_of "$card" | tr '\n' ' ')"; done
  for card in $LINKS $CARDS; do
    value_in "$kept" "$card" || run ip link set "$card" down
  done
}

# resolv.conf of what the lease says [RFC 2132 options 6 and 15, RFC 3397 option 119].
resolv_conf() {
  local server
  echo "# Written by netroot from the DHCP lease of $LEASE_INTERFACE; kept up to date by netroot-lease.service."
  [ -z "$LEASE_DOMAIN" ] || echo "domain $LEASE_DOMAIN"
  [ -z "$LEASE_SEARCH" ] || echo "search $LEASE_SEARCH"
  for server in $LEASE_DNS; do
    [ "$server" = 0.0.0.0 ] || echo "nameserver $server"
  done
}

# address_of NAME: an address as it is, without brackets; a name through DNS, in the family of the machine's own address
# first; nothing if there is no answer.
address_of() {
  local name=${1#\[}
  name=${name%\]}
  if is_any_address "$name"; then
    echo "$name"
  elif is_address6 "$LEASE_ADDRESS"; then
    look_up aaaa "$name" || look_up a "$name"
  else
    look_up a "$name"
  fi
}

# look_up a|aaaa NAME
look_up() {
  local address
  address=$(run nslookup -type="$1" "$2" 2>/dev/null | awk '/^Name:/ { named = 1 } named && /^Address/ { print $NF; exit }')
  [ -n "$address" ] && echo "$address"
}
