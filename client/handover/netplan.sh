# shellcheck shell=dash

# netplan writes configuration for systemd-networkd or NetworkManager at every boot, in files that come after ours in their
# order. It may bring either; both are told, whether they are where they are looked for or not.
handover_netplan() {
  in_root /usr/sbin/netplan /sbin/netplan || return 1
  tell_networkd
  tell_networkmanager
}
