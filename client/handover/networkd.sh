# shellcheck shell=dash

# systemd-networkd takes the first file that matches. It is matched by MAC, because udev may yet rename the card.
# Its wait-online knows only cards that it manages itself, and would wait two minutes for none; that the network is up is
# shown by the root having been mounted.
handover_networkd() {
  in_root /usr/lib/systemd/systemd-networkd /lib/systemd/systemd-networkd || return 1
  tell_networkd
}

tell_networkd() {
  put "$ROOT/run/systemd/network/00-netroot.network" <<NETWORK
# Written by netroot: the root comes over this card.
[Match]
MACAddress=$(root_macs)
[Link]
Unmanaged=yes
RequiredForOnline=no
NETWORK
  has_systemd || return 0
  put "$ROOT/run/systemd/system/systemd-networkd-wait-online.service.d/netroot.conf" <<UNIT
# Written by netroot: the network is up, or there would be no root.
[Service]
ExecStart=
ExecStart=/run/netroot/busybox true
UNIT
}
