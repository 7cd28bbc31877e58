# shellcheck shell=dash
# Time servers of the lease (DHCP option 42, or ip=) for the real system's own time keeper.

hand_over_time_servers() {
  local server
  [ -n "$LEASE_NTP" ] || return 0
  if in_root /usr/lib/systemd/systemd-timesyncd /lib/systemd/systemd-timesyncd; then
    put "$ROOT/run/systemd/timesyncd.conf.d/netroot.conf" <<CONF
# Written by netroot from the DHCP lease of $LEASE_INTERFACE.
[Time]
NTP=$LEASE_NTP
CONF
  fi
  # Where Debian's chrony looks for servers of DHCP.
  if in_root /usr/sbin/chronyd; then
    for server in $LEASE_NTP; do echo "server $server iburst"; done | put "$ROOT/run/chrony-dhcp/netroot.sources"
  fi
}
