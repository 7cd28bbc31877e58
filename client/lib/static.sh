# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Addresses that ip= gives: they are a lease that nobody has to be asked for.

# The lease of a card whose ip= word has been read.
ask_static() {
  clear_lease
  LEASE_INTERFACE=$1 LEASE_METHOD=static
  LEASE_ADDRESS=$IP_ADDRESS LEASE_PREFIX=$IP_PREFIX LEASE_PEER=$IP_PEER
  LEASE_SERVER=$IP_SERVER LEASE_ROUTER=$IP_ROUTER LEASE_HOSTNAME=$IP_HOST LEASE_DNS=$IP_DNS LEASE_NTP=$IP_NTP
  write_lease "$STATE/lease.$1"
}

# Further cards that have an address of their own in ip=: they get it, and nothing else; the router is the root's card's.
configure_other_cards() {
  local card
  OTHER_CARDS=
  for card in $(interfaces_of_ip_words); do
    if [ "$card" = "$LEASE_INTERFACE" ]; then continue; fi
    read_ip_word_for "$card"
    if [ "$IP_METHOD" != static ]; then
      say "$card is left to the real system: the root comes over $LEASE_INTERFACE"
      continue
    fi
    OTHER_CARDS="$OTHER_CARDS $card"
    wake_card "$card"
    add_static_address "$card" "$IP_ADDRESS" "$IP_PREFIX" "$IP_PEER"
  done
}

# add_static_address CARD ADDRESS PREFIX [PEER]
add_static_address() {
  if [ -n "$4" ]; then
    run ip address add "$2" peer "$4" dev "$1"
  elif is_address6 "$2"; then
    run ip address add "$2/$3" dev "$1"
  else
    run ip address add "$2/$3" broadcast + dev "$1"
  fi
}
