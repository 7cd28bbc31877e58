# shellcheck shell=dash
# Links above cards: bonds, VLANs and bridges, as bond=, vlan= and bridge= of dracut ask for. Each maker is false while a
# card that it needs is missing; what is made is not made again.

LINKS=''      # what was made, in order
LINK_PARTS='' # pairs: bond0,eth0 bond0,eth1 bond0.5,bond0

# A bond may carry a VLAN, a VLAN a bridge, and a bridge a VLAN. Called again whenever a card has come.
make_links() {
  local word
  for word in $BOND_WORDS; do make_bond "$word"; done
  for word in $VLAN_WORDS; do make_vlan "$word"; done
  for word in $BRIDGE_WORDS; do make_bridge "$word"; done
  for word in $VLAN_WORDS; do make_vlan "$word"; done
}

# add_link NAME PARTS...: notes what is made of what.
add_link() {
  local name=$1 part
  value_in "$LINKS" "$name" || LINKS="${LINKS:+$LINKS }$name"
  shift
  for part in "$@"; do
    value_in "$LINK_PARTS" "$name,$part" || LINK_PARTS="${LINK_PARTS:+$LINK_PARTS }$name,$part"
  done
}

# parts_of LINK: what it is made of, all the way down to cards.
parts_of() {
  local pair
  for pair in $LINK_PARTS; do
    [ "${pair%,*}" = "$1" ] || continue
    echo "${pair#*,}"
    parts_of "${pair#*,}"
  done
}

# Links and cards that nothing else is made of: what can get an address.
top_links() {
  local link tops=
  for link in $1; do
    case " $LINK_PARTS " in
      *",$link "*) ;;
      *) tops="$tops $link" ;;
    esac
  done
  echo "${tops# }"
}

# Everything that the root's packets pass through: the interface itself first.
root_links() {
  local part links=$LEASE_INTERFACE
  for part in $(parts_of "$LEASE_INTERFACE"); do
    value_in "$links" "$part" || links="$links $part"
  done
  echo "$links"
}

# Their MAC addresses, each once: a bond gives its own to its parts, and udev and network managers may know either.
root_macs() {
  local link mac macs=
  for link in $(root_links); do
    for mac in $(card_mac "$link") $(first_line "$ROOT/sys/class/net/$link/bonding_slave/perm_hwaddr"); do
      value_in "$macs" "$mac" || macs="$macs $mac"
    done
  done
  echo "${macs# }"
}

# Cards that words of the command line need, and that are not there yet: it is worth waiting for them.
awaited_cards() {
  local word name names=
  for word in $IP_WORDS; do
    read_ip_word "$word"
    names="$names $IP_INTERFACE"
  done
  for word in $BOND_WORDS; do
    split_fields "$word"
    names="$names $(words_of "$F2")"
  done
  for word in $BRIDGE_WORDS $VLAN_WORDS; do names="$names $(words_of "${word#*:}")"; done
  for name in $names $BOOT_DEVICE; do
    interface_called "$name" >/dev/null || is_made_later "$name" || echo "$name"
  done
}

# The name of a link, or one that ifname= will give.
is_made_later() {
  case " $BOND_WORDS $VLAN_WORDS $BRIDGE_WORDS $IFNAME_WORDS" in
    *" $1:"* | *" $1,"*) return 0 ;;
    *) return 1 ;;
  esac
}

# set_value FILE VALUE: a setting of the kernel.
set_value() { { printf '%s\n' "$2" >"$1"; } 2>/dev/null; }
