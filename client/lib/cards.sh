# shellcheck shell=dash
# Network cards: loading drivers by what the buses say of themselves, and telling what has none.

# What no bus announces but the root needs: file systems. It takes a second on a slow machine, the time DHCP waits.
load_modules_for_root() {
  # shellcheck disable=SC2086 # a list
  [ -z "$MODULES_FOR_ROOT" ] || run modprobe -a -q $MODULES_FOR_ROOT || true
}

# Loads a driver for every device that has appeared since the last call; false when there was none. A driver may bring a
# bus of its own (a PCI card the virtio bus, a controller its USB devices), so this is repeated until nothing turns up.
# Nothing is done per device but what is new: a server has hundreds of them, and this runs five times a second.
load_new_drivers() {
  local aliases
  aliases=$(cat "$ROOT"/sys/bus/*/devices/*/modalias 2>/dev/null | sort -u)
  [ "$aliases" != "$ALIASES_NOW" ] || return 1
  ALIASES_NOW=$aliases
  choose_new_aliases "$aliases"
  [ -n "$NEW_ALIASES" ] || return 1
  SEEN_ALIASES="$SEEN_ALIASES$NEW_ALIASES"
  # shellcheck disable=SC2086 # a list
  run modprobe -a -b -q $NEW_ALIASES || true # most devices of a machine are no network cards and have no module here
}

# Sets NEW_ALIASES to the lines that were not seen before, and that modprobe can take: those without blanks.
choose_new_aliases() {
  local alias IFS='
'
  NEW_ALIASES=
  set -f
  for alias in $1; do
    case $alias in
      *' '*) ;;
      *) value_in "$SEEN_ALIASES" "$alias" || NEW_ALIASES="$NEW_ALIASES $alias" ;;
    esac
  done
  set +f
}

ALIASES_NOW='' # what all devices said at the last look
SEEN_ALIASES=

# Sets CARDS, or fails when there is none. USB takes a second or two to say what hangs on it.
find_cards() {
  local tick=0
  run modprobe -q af_packet || true # carries DHCP; where it is built in there is no such module
  while :; do
    look_for_cards
    if [ -n "$CARDS" ] && boot_card_is_there && [ -z "$(awaited_cards)" ]; then break; fi
    tick=$((tick + 1))
    [ "$tick" -lt $((CARD_WAIT * 5)) ] || break
    [ "$tick" != 1 ] || say "$(what_card_is_awaited)"
    pause 0.2
  done
  [ -z "$CARDS" ] || return 0
  why_no_card
  return 1
}

look_for_cards() {
  while load_new_drivers; do :; done
  CARDS=$(list_cards)
  name_cards
  make_links
}

what_card_is_awaited() {
  if [ -z "$CARDS" ]; then
    echo "no network card yet, waiting for one"
  elif ! boot_card_is_there; then
    echo "there is $(cards_in_words "$CARDS"); waiting for $BOOTIF, which this machine booted from"
  else
    # shellcheck disable=SC2046 # one line of many
    echo "there is $(cards_in_words "$CARDS"); waiting for" $(awaited_cards) "of the kernel command line"
  fi
}

# The card that the loader used, if it said so, and if rd.bootif=0 does not forbid to heed it.
boot_card() { [ -z "$BOOTIF" ] || [ -z "$HEED_BOOTIF" ] || card_with_mac "$BOOTIF"; }

# Without BOOTIF any card will do.
boot_card_is_there() { [ -z "$BOOTIF" ] || [ -z "$HEED_BOOTIF" ] || [ -n "$(card_with_mac "$BOOTIF")" ]; }

# Interfaces of real Ethernet devices: no loopback, no tunnels, nothing wireless.
list_cards() {
  local directory cards=
  for directory in "$ROOT"/sys/class/net/*; do
    [ -e "$directory/device" ] || continue
    [ "$(first_line "$directory/type")" = 1 ] || continue
    [ ! -e "$directory/wireless" ] || continue
    [ ! -e "$directory/phy80211" ] || continue
    cards="$cards ${directory##*/}"
  done
  echo "${cards# }"
}

# card_with_mac MAC: prints the interface, or nothing.
card_with_mac() {
  local card
  for card in $CARDS; do
    [ "$(card_mac "$card")" = "$1" ] && echo "$card" && return
  done
}

card_mac() { first_line "$ROOT/sys/class/net/$1/address"; }

card_driver() {
  local link
  link=$(readlink "$ROOT/sys/class/net/$1/device/driver") || link='?'
  echo "${link##*/}"
}

# Where the card sits: 0000:00:03.0, 1-1:1.0, virtio0 …
card_bus() {
  local link
  link=$(readlink "$ROOT/sys/class/net/$1/device") || link='?'
  echo "${link##*/}"
}

# What its bus says of the card, and what the buses say on which that device sits, from the card up: drivers are chosen by
# all of them. virtio:d00000001v00001AF4 pci:v00001AF4d00001000…; a blank in front of each.
card_aliases() {
  local path alias
  path=$(readlink -f "$ROOT/sys/class/net/$1/device")
  while [ -n "$path" ] && [ "$path" != "$ROOT/sys/devices" ]; do
    alias=$(first_line "$path/modalias")
    case $alias in
      '' | *' '*) ;;
      *) printf ' %s' "$alias" ;;
    esac
    path=${path%/*}
  done
}

# Without a process, because it is asked ten times a second. Reading fails while the card is down.
has_carrier() {
  local carrier=
  { read -r carrier <"$ROOT/sys/class/net/$1/carrier"; } 2>/dev/null
  [ "$carrier" = 1 ]
}

# "PLACE MODALIAS" of every network device that no driver took. One process finds the network devices among all.
devices_without_driver() {
  local line device
  grep -HE "$NETWORK_ALIASES" "$ROOT"/sys/bus/*/devices/*/modalias 2>/dev/null | while read -r line; do
    device=${line%%/modalias:*}
    [ -e "$device/driver" ] || echo "${device##*/} ${line#*/modalias:}"
  done
}

# PCI class 02 (network), virtio device 1 (network), USB communication interfaces.
NETWORK_ALIASES='^(pci:.*bc02|virtio:d00000001|usb:.*ic02)'

# pci:v00008086d0000100Esv… as 8086:100e, the form that everybody searches for.
pci_id() {
  local vendor device
  case $1 in
    pci:v????????d????????*) ;;
    *) return ;;
  esac
  vendor=${1#pci:v????}
  device=${1#pci:v????????d????}
  printf '%s:%s\n' "${vendor%"${vendor#????}"}" "${device%"${device#????}"}" | tr 'A-F' 'a-f'
}

why_no_card() {
  local missing firmware
  missing=$(devices_without_driver | while read -r place alias; do
    printf '%s %s (%s); ' "$place" "$(pci_id "$alias")" "$alias"
  done)
  firmware=$(missing_firmware)
  if [ -n "$firmware" ]; then
    no_firmware "$firmware"
  elif [ -n "$missing" ]; then
    trouble no-driver "There is a network card, but no driver for it." \
      "${missing%; }" \
      "Add the driver of this card to the drivers part (a newer kernel may have one), or use another card."
  else
    trouble no-card "No network card was found." \
      "$(count_devices) devices on the buses, none of them a network card." \
      "See in the firmware setup that the card is switched on; reseat it."
  fi
}

count_devices() {
  # shellcheck disable=SC2086 # a list
  set -- $SEEN_ALIASES
  echo $#
}
