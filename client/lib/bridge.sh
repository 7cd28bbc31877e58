# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Bridges: bridge=NAME:CARD,CARD….

# Without anything, dracut's default.
take_bridge() {
  local value=${1#bridge}
  value=${value#=}
  split_fields "${value:-br0}"
  if is_interface "$F1" && [ "$F_COUNT" -le 2 ]; then
    BRIDGE_WORDS="$BRIDGE_WORDS $F1:${F2:-eth0}"
  else
    unknown_word "$1" "want bridge=NAME:CARD,CARD"
  fi
}

# It has the MAC of its first card, as servers know the machine by that; and passes packets at once: no spanning tree.
make_bridge() {
  local name=${1%%:*} card part first=
  for part in $(words_of "${1#*:}"); do
    card=$(interface_called "$part") || continue
    if value_in "$LINK_PARTS" "$name,$card"; then continue; fi
    value_in "$LINKS" "$name" || begin_bridge "$name" "$card" || return 1
    run ip link set "$card" up
    run ip link set "$card" master "$name" || continue
    add_link "$name" "$card"
    say "$card ($(card_mac "$card")) is part of $name"
  done
}

begin_bridge() {
  run modprobe -q bridge
  run ip link add "$1" type bridge || return 1
  run set_value "$ROOT/sys/class/net/$1/bridge/stp_state" 0
  run set_value "$ROOT/sys/class/net/$1/bridge/forward_delay" 0
  run ip link set "$1" address "$(card_mac "$2")"
  run ip link set "$1" up
  add_link "$1"
}
