# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# Bonds [Documentation/networking/bonding.rst]: bond=NAME[:CARD,CARD…[:OPTION=VALUE,…[:MTU]]].

# Without anything, dracut's default.
take_bond() {
  local value=${1#bond}
  value=${value#=}
  split_fields "${value:-bond0}"
  if is_interface "$F1" && [ "$F_COUNT" -le 4 ] && { [ -z "$F4" ] || is_number "$F4"; }; then
    BOND_WORDS="$BOND_WORDS $F1:${F2:-eth0,eth1}:${F3:-mode=balance-rr}:$F4"
  else
    unknown_word "$1" "want bond=NAME:CARD,CARD:OPTION=VALUE,OPTION=VALUE:MTU"
  fi
}

# make_bond NAME:CARDS:OPTIONS:MTU: makes it of the cards that are there, and adds those that come later.
make_bond() {
  local name cards options mtu card part
  split_fields "$1"
  name=$F1 cards='' options=$(words_of "$F3") mtu=$F4
  for part in $(words_of "$F2"); do
    card=$(interface_called "$part") && cards="$cards $card"
  done
  [ -n "$cards" ] || return 1
  if ! value_in "$LINKS" "$name"; then
    run modprobe -q bonding max_bonds=0 # else it makes one by itself
    [ -e "$ROOT/sys/class/net/$name" ] || run ip link add "$name" type bond || return 1
    set_bond_options "$name" "$options"
    add_link "$name"
  fi
  for card in $cards; do add_card_to_bond "$name" "$card"; done
  [ -z "$mtu" ] || run ip link set "$name" mtu "$mtu"
  run ip link set "$name" up
  set_bond_primary "$name" "$options"
}

# The mode comes first, because others are only taken in some modes. A bond that does not look at its links never notices
# that one is gone: every 100 ms, where nothing else is asked for.
set_bond_options() {
  local option mode=balance-rr watches=
  for option in $2; do
    case $option in
      mode=*) mode=${option#*=} ;;
      miimon=* | arp_interval=*) watches=yes ;;
    esac
  done
  set_bond_option "$1" "mode=$mode"
  [ -n "$watches" ] || set_bond_option "$1" miimon=100
  for option in $2; do
    case $option in
      mode=* | primary=*) ;;
      *=*) set_bond_option "$1" "$option" ;;
      *[!0-9.]*) unknown_word "bond=$1:…:$option" "want OPTION=VALUE" ;;
      *) set_bond_option "$1" "arp_ip_target=$option" ;; # the next of several, which semicolons separate
    esac
  done
}

set_bond_option() {
  local value=${2#*=}
  case $2 in
    arp_ip_target=* | ns_ip6_target=*) value=+$value ;;
  esac
  run set_value "$ROOT/sys/class/net/$1/bonding/${2%%=*}" "$value" ||
    unknown_word "bond=$1:…:$2" "the kernel does not take this option of a bond"
}

# A card can only be the first choice once it is part of the bond.
set_bond_primary() {
  local option card
  for option in $2; do
    case $option in
      primary=*) card=$(interface_called "${option#*=}") && run set_value "$ROOT/sys/class/net/$1/bonding/primary" "$card" ;;
    esac
  done
}

add_card_to_bond() {
  ! value_in "$LINK_PARTS" "$1,$2" || return 0
  run ip link set "$2" down
  run ip link set "$2" master "$1" || return 1
  add_link "$1" "$2"
  say "$2 ($(card_mac "$2")) is part of $1"
}
