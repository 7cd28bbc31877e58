# shellcheck shell=dash
# Host name, name servers and hosts of the real system.

hand_over_names() {
  local hosts
  hand_over_resolv_conf
  [ -n "$HOST_NAME" ] || return 0
  echo "${HOST_NAME%%.*}" | put "$NEW_ROOT/etc/hostname"
  # Whole before put begins, which removes the file that the image's lines come from.
  hosts=$(hosts_file)
  printf '%s\n' "$hosts" | put "$NEW_ROOT/etc/hosts"
}

# systemd-resolved is told; any other arrangement (a file, resolvconf's or a manager's link) gets a plain file.
hand_over_resolv_conf() {
  [ -n "$LEASE_DNS$LEASE_DOMAIN$LEASE_SEARCH" ] || return 0
  case $(readlink "$NEW_ROOT/etc/resolv.conf") in
    */systemd/resolve/*) resolved_conf | put "$ROOT/run/systemd/resolved.conf.d/netroot.conf" ;;
    *) resolv_conf | put "$NEW_ROOT/etc/resolv.conf" ;;
  esac
}

resolved_conf() {
  echo "# Written by netroot from the DHCP lease of $LEASE_INTERFACE; kept up to date by netroot-lease.service."
  echo "[Resolve]"
  echo "DNS=$LEASE_DNS"
  echo "Domains=${LEASE_SEARCH:-$LEASE_DOMAIN}"
}

# Debian's lines for the machine itself, then what the image had of others.
hosts_file() {
  local short=${HOST_NAME%%.*} full=$HOST_NAME
  case $full in
    *.*) ;;
    *) [ -z "$LEASE_DOMAIN" ] || full=$short.$LEASE_DOMAIN ;;
  esac
  [ "$full" != "$short" ] || full=
  echo "127.0.0.1 localhost"
  echo "127.0.1.1 ${full:+$full }$short"
  echo "::1 localhost ip6-localhost ip6-loopback"
  echo "ff02::1 ip6-allnodes"
  echo "ff02::2 ip6-allrouters"
  [ ! -f "$NEW_ROOT/etc/hosts" ] || grep -vE '^[[:space:]]*(127\.0\.[01]\.1|::1|ff02::[12])[[:space:]]' "$NEW_ROOT/etc/hosts"
}
