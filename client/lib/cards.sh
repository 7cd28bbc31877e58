# shellcheck shell=dash
# Network cards: loading drivers by what the buses say of themselves, and telling what has none.

# What no bus announces but the root needs: file systems. It takes a second on a slow machine, the time DHCP waits.
load_modules_for_root() {
  # shellcheck disable=SC2086 # a list
  [ -z "$MODULES_FOR_ROOT" ] || run modprobe -a -q $MODULES_FOR_ROOT || true
}

# Loads a driver for every device that has appeared since the last call; false when there was none. A driver may bring a
# bus of its own (a PCI card the virtio bus, a controller its USB devices), so this is repeated until nothing turns up.
# One process for all devices: a server has hundreds of them, and this runs five times a second.
load_new_drivers() {
  local alias aliases new=
  aliases=$(cat "$ROOT"/sys/bus/*/devices/*/modalias 2>/dev/null)
  [ "$aliases" != "$ALIASES_NOW" ] || return 1
  ALIASES_NOW=$aliases
  while read -r alias; do
    case $alias in
      '' | *' '*) continue ;; # of no use to modprobe
    esac
    value_in "$SEEN_ALIASES $new" "$alias" || new="$new $alias"
  done <<LIST
$aliases
LIST
  [ -n "$new" ] || return 1
  SEEN_ALIASES="$SEEN_ALIASES$new"
  # shellcheck disable=SC2086 # a list
  run modprobe -a -b -q $new || true # most devices of a machine are no network cards and have no module here
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

has_carrier() { [ "$(first_line "$ROOT/sys/class/net/$1/carrier")" = 1 ]; }

# "PLACE MODALIAS" of every network device that no driver took.
devices_without_driver() {
  local file device alias
  for file in "$ROOT"/sys/bus/*/devices/*/modalias; do
    alias=
    { read -r alias <"$file"; } 2>/dev/null
    is_network_alias "$alias" || continue
    device=${file%/modalias}
    [ -e "$device/driver" ] || echo "${device##*/} $alias"
  done
}

# PCI class 02 (network), virtio device 1 (network), USB communication interfaces.
is_network_alias() {
  case $1 in
    pci:*bc02* | virtio:d00000001* | usb:*ic02*) return 0 ;;
    *) return 1 ;;
  esac
}

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
