# shellcheck shell=dash

# A device section of our own, because another file's unmanaged-devices= would replace ours. /etc/resolv.conf stays with
# the lease of the root's card: NetworkManager would leave it empty, knowing no network.
handover_networkmanager() {
  in_root /usr/sbin/NetworkManager /usr/bin/NetworkManager || return 1
  tell_networkmanager
}

tell_networkmanager() {
  local link mac devices=
  for mac in $(root_macs); do devices="$devices;mac:$mac"; done
  for link in $(root_links); do value_in "$CARDS" "$link" || devices="$devices;interface-name:$link"; done
  devices=${devices#;}
  put "$ROOT/run/NetworkManager/conf.d/00-netroot.conf" <<CONF
# Written by netroot: the root comes over this card.
[main]
rc-manager=unmanaged
[keyfile]
unmanaged-devices+=$devices
[device-netroot]
match-device=$devices
managed=0
CONF
}
