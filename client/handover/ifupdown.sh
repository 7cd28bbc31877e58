# shellcheck shell=dash

# ifupdown knows cards by names, which udev may yet change; a mapping asks a script for the name that counts. The root's
# card becomes "netroot-card", of which nothing is said anywhere: ifup then ignores it, with status 0, and ifdown, which
# takes down what ifup has noted, does not know it. (`iface netroot-card inet manual` would be noted, and flushed at
# shutdown.)
handover_ifupdown() {
  in_root /sbin/ifup /usr/sbin/ifup || return 1
  put "$STATE/ifupdown-name" <<SCRIPT
#!/run/netroot/busybox sh
# Written by netroot: the root comes over the card with this MAC.
read -r mac </sys/class/net/\$1/address
case "\$mac" in $(root_macs | sed 's/ / | /g')) echo netroot-card ;; *) echo "\$1" ;; esac
SCRIPT
  run chmod 755 "$STATE/ifupdown-name"
  interfaces_with_mapping >"$STATE/interfaces"
  put "$NEW_ROOT/etc/network/interfaces" <"$STATE/interfaces"
  rm -f "$STATE/interfaces"
}

interfaces_with_mapping() {
  cat <<INTERFACES
# Written by netroot: the root's card is left alone, whatever is said of it below.
mapping *
    script /run/netroot/ifupdown-name

INTERFACES
  [ ! -f "$NEW_ROOT/etc/network/interfaces" ] || sed '/^# Written by netroot:/,/^$/d' "$NEW_ROOT/etc/network/interfaces"
}
