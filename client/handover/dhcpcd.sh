# shellcheck shell=dash

# dhcpcd knows cards by name only, so this one keeps the name it has. In Debian's dhcpcd-base the program alone is there for
# others to call; a line in its configuration does no harm then.
handover_dhcpcd() {
  in_root /sbin/dhcpcd /usr/sbin/dhcpcd || return 1
  keep_card_name
  dhcpcd_conf >"$STATE/dhcpcd.conf"
  put "$NEW_ROOT/etc/dhcpcd.conf" <"$STATE/dhcpcd.conf"
  rm -f "$STATE/dhcpcd.conf"
}

# First, because what follows an `interface` line is for that interface alone.
dhcpcd_conf() {
  echo "# Written by netroot: the root comes over this card."
  echo "denyinterfaces $(root_links)"
  echo
  [ ! -f "$NEW_ROOT/etc/dhcpcd.conf" ] || sed '/^# Written by netroot:/,/^$/d' "$NEW_ROOT/etc/dhcpcd.conf"
}
