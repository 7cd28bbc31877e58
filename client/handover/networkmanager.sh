# shellcheck shell=dash

# A device section of our own, because another file's unmanaged-devices= would replace ours. /etc/resolv.conf stays with
# the lease of the root's card: NetworkManager would leave it empty, knowing no network.
handover_networkmanager() {
  in_root /usr/sbin/NetworkManager /usr/bin/NetworkManager || return 1
  tell_networkmanager
}

tell_networkmanager() {
  put "$ROOT/run/NetworkManager/conf.d/00-netroot.conf" <<CONF
# Written by netroot: the root comes over this card.
[main]
rc-manager=unmanaged
[keyfile]
unmanaged-devices+=mac:$LEASE_MAC
[device-netroot]
match-device=mac:$LEASE_MAC
managed=0
CONF
}
