# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# The network of the machine: from cards to an address, routes, names. What it got stands in LEASE_*.

bring_up_loopback() {
  run ip link set lo up
  run ip address add 127.0.0.1/8 dev lo 2>/dev/null
}

# Done once an address stands; `ip=` decides how it is got.
configure_network() {
  look_for_cards # one may have been plugged in since
  read_ip_words || return 1
  case $IP_METHOD in
    static) lease_from_ip_word ;;
    *) lease_from_dhcp || return 1 ;;
  esac
  apply_lease
  put_down_losers
  NETWORK_IS_UP=yes
  say "$LEASE_INTERFACE has $LEASE_ADDRESS/$LEASE_PREFIX${LEASE_ROUTER:+, router $LEASE_ROUTER}"
}

# Cards on which to look for a network: the one BOOTIF or ip= names; all of them when there is none such, or when that
# one stayed dumb for three rounds.
candidate_cards() {
  local named=$IP_INTERFACE
  [ -n "$named" ] || named=$(card_with_mac "$BOOTIF")
  if [ -n "$named" ] && value_in "$CARDS" "$named" && [ "$ATTEMPT" -le 3 ]; then
    echo "$named"
  else
    echo "$CARDS"
  fi
}

# Puts an address on the card. It is given for ever (the kernel's default), whatever the lease says: were the kernel to
# take it away because a renewal came late, the root would be gone and with it the program that renews. The renewer that
# runs beside the real system owns the lease from here on.
apply_lease() {
  run ip link set "$LEASE_INTERFACE" up
  [ -z "$LEASE_MTU" ] || run ip link set "$LEASE_INTERFACE" mtu "$LEASE_MTU"
  run ip address add "$LEASE_ADDRESS/$LEASE_PREFIX" broadcast + dev "$LEASE_INTERFACE"
  apply_routes
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
  run ip route add "$2/32" dev "$LEASE_INTERFACE"
  run ip route add "$1" via "$2" dev "$LEASE_INTERFACE" || warn "no route to $1 by $2"
}

# Names for this stage itself: the root's server may be named rather than numbered.
apply_names() {
  HOST_NAME=${NETROOT_NAME:-$LEASE_HOSTNAME}
  [ -z "$HOST_NAME" ] || run hostname "${HOST_NAME%%.*}"
  resolv_conf >"$ROOT/etc/resolv.conf"
}

put_down_losers() {
  local card
  for card in $CARDS; do
    [ "$card" = "$LEASE_INTERFACE" ] || run ip link set "$card" down
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

# address_of NAME: a dotted quad as it is, a name through DNS; nothing if there is no answer.
address_of() {
  if is_address "$1"; then
    echo "$1"
  else
    run nslookup -type=a "$1" 2>/dev/null | awk '/^Name:/ { named = 1 } named && /^Address/ { print $NF; exit }'
  fi
}
