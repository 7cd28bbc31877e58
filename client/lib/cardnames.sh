# shellcheck shell=dash
# shellcheck disable=SC2034 # what is set here is read in other files
# What cards are called. Here they have the kernel's names; words of the command line may speak of them by the names that
# udev will give them in the real system [systemd.net-naming-scheme(7)], or ask for names of their own (ifname=).

# interface_called NAME: prints the interface that a word means; false if there is none such.
interface_called() {
  local card
  if value_in "$CARDS $LINKS" "$1"; then
    echo "$1"
    return
  fi
  case $1 in
    en*) ;;
    *) return 1 ;;
  esac
  for card in $CARDS; do
    if value_in "$(udev_names "$card")" "$1"; then
      echo "$card"
      return
    fi
  done
  return 1
}

# The names that udev may give a card, by its MAC, its number in the firmware, its slot, and its place on the PCI bus.
udev_names() {
  local path place='' part index
  printf 'enx%s' "$(card_mac "$1" | tr -d :)"
  for index in acpi_index index; do
    index=$(first_line "$ROOT/sys/class/net/$1/device/$index")
    [ -z "$index" ] || printf ' eno%s' "$index"
  done
  path=$(readlink -f "$ROOT/sys/class/net/$1/device")
  while [ -n "$path" ]; do # the last PCI device on the way: behind it there may be a virtio device
    part=${path%%/*}
    path=${path#"$part"}
    path=${path#/}
    case $part in
      ????:??:??.?) place=$part ;;
    esac
  done
  [ -z "$place" ] || pci_names "$place"
  echo
}

# pci_names 0000:03:00.1: enp3s0f1, and its slot's name. Function 0 is named only where there are others.
pci_names() {
  local domain=${1%%:*} bus slot function slots
  bus=${1#*:}
  slot=${bus#*:}
  bus=${bus%%:*}
  function=${slot#*.}
  slot=${slot%.*}
  domain=$((0x$domain)) bus=$((0x$bus)) slot=$((0x$slot))
  [ "$domain" = 0 ] && domain='' || domain=P$domain
  for slots in "en${domain}p${bus}s$slot" $(hotplug_slots "${1%.*}" "en${domain}s"); do
    [ "$function" != 0 ] || printf ' %s' "$slots"
    printf ' %sf%s' "$slots" "$function"
  done
}

# hotplug_slots 0000:03:00 BEGINNING: names of the slots that say they are this place.
hotplug_slots() {
  local file number
  for file in "$ROOT"/sys/bus/pci/slots/*/address; do
    [ "$(first_line "$file")" = "$1" ] || continue
    number=${file%/address}
    echo "$2${number##*/}"
  done
}

# ifname=NAME:MAC
take_ifname() {
  local name=${1#*=} mac
  mac=$(printf '%s' "${name#*:}" | tr 'A-F-' 'a-f:')
  name=${name%%:*}
  if is_interface "$name" && is_mac "$mac"; then
    IFNAME_WORDS="$IFNAME_WORDS $name,$mac"
  else
    unknown_word "$1" "want ifname=NAME:MAC"
  fi
}

# Gives cards the names that ifname= asks for. Another card that has such a name gives it up first.
name_cards() {
  local word name mac card
  for word in $IFNAME_WORDS; do
    name=${word%,*} mac=${word#*,}
    card=$(card_with_mac "$mac")
    if [ -z "$card" ] || [ "$card" = "$name" ]; then continue; fi
    ! value_in "$CARDS" "$name" || rename_card "$name" "${name%"${name#?????????}"}-other"
    rename_card "$card" "$name"
    say "$card is called $name, as ifname= asks"
  done
}

# Only a card that is down can be renamed by older kernels.
rename_card() {
  local card cards=
  run ip link set "$1" down
  run ip link set "$1" name "$2"
  for card in $CARDS; do
    [ "$card" != "$1" ] || card=$2
    cards="$cards $card"
  done
  CARDS=${cards# }
}

# For managers that know cards by name only, and where ifname= gave the name: udev must not rename the root's card (or those
# that its bond is made of), whatever name it would have given it. Parts of a bond have the bond's MAC beside their own, and
# a VLAN has its card's, so that the name counts too.
keep_card_name() {
  local link mac number=1 file=00-netroot.link
  for link in $(root_links); do
    value_in "$CARDS" "$link" || continue
    mac=$(first_line "$ROOT/sys/class/net/$link/bonding_slave/perm_hwaddr")
    put "$ROOT/run/systemd/network/$file" <<LINK
# Written by netroot: a network manager of this system is told of the root's card by this name.
[Match]
${mac:+Permanent}MACAddress=${mac:-$(card_mac "$link")}
${LINKS:+OriginalName=$link
}[Link]
Name=$link
LINK
    file=00-netroot-more-$number.link number=$((number + 1))
  done
}
