# shellcheck shell=dash
# Firmware that a network card's driver asked for and did not get. Without it some cards are not seen at all, others are
# there and cannot be switched on.

# "DRIVER PLACE FILE" of each, once, out of the kernel's messages: its own words, and Debian's.
missing_firmware() {
  local driver place file
  kernel_messages |
    sed -n -E 's/^(\[[^]]*\] )?([^ ]+) ([^ ]+)( [^ ]+)?: (Direct firmware load for|firmware: failed to load) ([^ ]+) .*/\2 \3 \6/p' |
    sort -u | while read -r driver place file; do
    ! is_network_device "$place" || echo "$driver $place $file"
  done
}

# is_network_device PLACE: as its bus says, or because it has an interface (a USB adapter says no more than its maker).
is_network_device() {
  local device
  for device in "$ROOT"/sys/bus/*/devices/"$1"; do
    if [ -e "$device/net" ] || grep -qE "$NETWORK_ALIASES" "$device/modalias" 2>/dev/null; then return 0; fi
  done
  return 1
}

# no_firmware "DRIVER PLACE FILE…": what is told of it.
no_firmware() {
  local driver place file last='' found=''
  while read -r driver place file; do
    found="$found$driver ($place) asks for $file; " last=$file
  done <<LIST
$1
LIST
  trouble no-firmware "A network card's driver did not get its firmware." \
    "${found%; }." \
    "Install the package with /lib/firmware/$last in the image, so that the drivers part carries it."
}
